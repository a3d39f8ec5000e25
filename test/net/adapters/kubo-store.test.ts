import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { openKubo } from '../../../src/adapters/kubo/open.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { importFile } from '../../../src/checkpoint/unixfs.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { type ErrorCode, isColdmeshError } from '../../../src/ports/errors.ts'
import { mountSmallDisk } from '../../support/disk/small-disk.ts'
import { type Kubo, skipWithoutKubo as skip, startKubo } from '../../support/kubo/kubo.ts'
import { CODEC, cidOf, patterned } from './content.ts'
import { addressOf, startNode, temporaryDirectory } from './support.ts'

const MIB = 1_048_576
const ID = '0123456789abcdef'
const failsWith = (code: ErrorCode) => (error: unknown) => isColdmeshError(error, code)
/** For a person: what is wrong and what to do. */
const refusesWith = (message: RegExp, hint: RegExp) => (error: unknown) =>
  isColdmeshError(error, 'refused') && message.test(error.message) && hint.test(error.hint ?? '')

async function open(kubo: Kubo, id = ID) {
  return await openKubo({ address: await kubo.address(), id })
}

/** Changes a byte of a block where Kubo keeps it. */
async function rot(kubo: Kubo, block: Uint8Array): Promise<void> {
  const blocks = join(kubo.home, 'blocks')
  for (const entry of await readdir(blocks, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    if (!bytes.equals(block)) continue
    bytes[100] = (bytes[100] ?? 0) ^ 1
    return await writeFile(path, bytes)
  }
  throw new Error('Kubo does not have it')
}

describe('blocks in a Kubo node', { skip }, () => {
  it('are put, found and read, under their own names and pinned each', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const { local, usage } = await open(kubo)
    const blocks = new Map<CID, Uint8Array>()
    for (const [i, codec] of [CODEC.RAW, CODEC.DAG_PB, 0x71].entries()) {
      const block =
        codec === CODEC.RAW ? patterned(MIB) : codec === CODEC.DAG_PB ? Uint8Array.of() : Uint8Array.of(0xa0)
      blocks.set(cidOf(block, codec), block)
      assert.equal(blocks.size, i + 1)
    }
    for (const [cid, block] of blocks) {
      assert.ok(!(await local.has(cid)))
      await local.put(cid, block)
      await local.put(cid, block)
      assert.ok(await local.has(cid))
      assert.deepEqual(new Uint8Array(await local.get(cid)), block)
      assert.equal(await kubo.ipfs('pin', 'ls', '--type=direct', '--quiet', String(cid)), String(cid))
    }
    assert.deepEqual({ ...usage }, { blocks: 3, bytes: MIB + 1 })
    const again = await open(kubo)
    await again.count()
    assert.deepEqual({ ...again.usage }, { blocks: 3, bytes: MIB + 1 })
  })

  it('stay when Kubo collects garbage, until they are given up; what others pinned stays then too', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const { local, remove, usage } = await open(kubo)
    const [one, two, theirs] = [patterned(MIB, 1), patterned(1000, 2), patterned(1000, 3)]
    for (const block of [one, two, theirs]) await local.put(cidOf(block), block)
    await kubo.ipfs('pin', 'rm', String(cidOf(theirs)))
    await kubo.ipfs('pin', 'add', String(cidOf(theirs)))
    await kubo.ipfs('repo', 'gc')
    assert.ok((await local.has(cidOf(one))) && (await local.has(cidOf(two))))
    assert.equal(await remove(cidOf(one)), MIB)
    assert.equal(await remove(cidOf(one)), 0)
    assert.equal(await remove(cidOf(theirs)), 0)
    await kubo.ipfs('repo', 'gc')
    assert.ok(!(await local.has(cidOf(one))) && (await local.has(cidOf(two))) && (await local.has(cidOf(theirs))))
    assert.equal(usage.blocks, 2)
  })

  it('that are missing are told at once, and not searched for', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const { local } = await open(kubo)
    const missing = cidOf(patterned(100))
    assert.equal(await local.take(missing), undefined)
    await assert.rejects(local.get(missing), failsWith('block-missing'))
    await local.delete(missing)
  })

  it('that rotted are told, and mended by the right bytes, unless somebody else pinned them', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const { local } = await open(kubo)
    const block = patterned(MIB)
    const cid = cidOf(block)
    await local.put(cid, block)
    await rot(kubo, block)
    await assert.rejects(local.get(cid), failsWith('block-corrupt'))
    await local.put(cid, block)
    assert.deepEqual(new Uint8Array(await local.get(cid)), block)
    await rot(kubo, block)
    assert.equal(await local.take(cid), undefined)
    assert.ok(!(await local.has(cid)))
    await local.put(cid, block)
    await kubo.ipfs('pin', 'rm', String(cid))
    await kubo.ipfs('pin', 'add', String(cid))
    await rot(kubo, block)
    await assert.rejects(local.put(cid, block), failsWith('block-corrupt'))
  })

  it('of a file that was added are mended too, and the file is pinned as a whole again', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const { local, add, remove, isAdded, usage } = await open(kubo)
    const bytes = patterned(3 * MIB + 1)
    const path = join(directory.path, 'file')
    await writeFile(path, bytes)
    const { cid: root } = await importFile([bytes], () => {})
    await add({ root, path, bytes: bytes.length })
    assert.deepEqual([await isAdded(root), usage.bytes], [true, bytes.length])
    const leaf = bytes.subarray(MIB, 2 * MIB)
    await rot(kubo, leaf)
    assert.equal(await local.take(cidOf(leaf)), undefined)
    await local.put(cidOf(leaf), leaf)
    assert.ok(await isAdded(root))
    await kubo.ipfs('repo', 'gc')
    assert.ok(await local.has(cidOf(bytes.subarray(0, MIB))))
    await remove(cidOf(leaf))
    assert.equal(await remove(root), bytes.length)
    await assert.rejects(add({ root: cidOf(leaf), path, bytes: bytes.length }), refusesWith(/added .* as/, /profile/))
  })

  it('are of one peer', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const { local } = await open(kubo)
    await local.put(cidOf(patterned(10)), patterned(10))
    const another = await open(kubo, 'fedcba9876543210')
    await assert.rejects(another.count(), refusesWith(/another coldmesh peer/, /of its own/))
  })

  it('are not acknowledged when its disk is full or read-only, and are once there is room', async () => {
    await using directory = await temporaryDirectory()
    await using disk = await mountSmallDisk(join(directory.path, 'disk'), 24)
    await using kubo = await startKubo(join(disk.path, 'kubo'))
    const { local } = await open(kubo)
    await disk.fill()
    const block = new Uint8Array(randomBytes(MIB))
    await assert.rejects(local.put(cidOf(block), block), refusesWith(/no space left/, /disk is full/))
    assert.ok(!(await local.has(cidOf(block))))
    await disk.free()
    await local.put(cidOf(block), block)
    assert.deepEqual(new Uint8Array(await local.get(cidOf(block))), block)
  })

  it('are told of when Kubo stops, and are there when it is back', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const address = await kubo.address()
    const { local } = await open(kubo)
    const block = patterned(1000)
    await local.put(cidOf(block), block)
    await kubo.stop()
    await assert.rejects(local.get(cidOf(block)), refusesWith(/does not answer \(ECONN/, /ipfs daemon/))
    await assert.rejects(openKubo({ address, id: ID }), refusesWith(/does not answer/, /ipfs daemon/))
    await kubo.restart()
    const { local: back } = await open(kubo)
    assert.deepEqual(new Uint8Array(await back.get(cidOf(block))), block)
  })

  it('are behind its password, where it has one', async () => {
    await using directory = await temporaryDirectory()
    const authorizations = { peer: { AuthSecret: 'basic:peer:s3cret', AllowedPaths: ['/api/v0'] } }
    await using kubo = await startKubo(join(directory.path, 'kubo'), { 'API.Authorizations': authorizations })
    await assert.rejects(open(kubo), refusesWith(/without a password/, /USER:PASSWORD/))
    const [, port] = /tcp\/(\d+)/.exec(await kubo.address()) ?? []
    const { version } = await openKubo({ address: `kubo:http://peer:s3cret@127.0.0.1:${port}`, id: ID })
    assert.match(version, /^\d+\.\d+/)
  })
})

describe('a content store in a Kubo node', { skip }, () => {
  it('serves to peers, fetches from them, and takes over what its folder had', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const dir = join(directory.path, 'blocks')
    const file = patterned(3 * MIB + 5)
    const before = await createContentStore({ dir, node: null, log: nullLog })
    const { cid } = await importFile([file], (block, bytes) => before.put(block, bytes))
    await before.stop()
    await using node = await startNode()
    await using store = await createContentStore({ dir, ipfs: await kubo.address(), node, log: nullLog })
    await store.start()
    await using other = await startNode()
    await using copy = await createContentStore({ dir: null, node: other, log: nullLog })
    await copy.start()
    const how = { shape: 'file', maxBytes: 4 * MIB, timeoutMs: 30_000 } as const
    await copy.fetch(cid, { ...how, providers: [addressOf(node)] })
    const isAdded = async (root: CID) =>
      (await kubo.ipfs('pin', 'ls', '--type=recursive', '--quiet')).includes(String(root))
    assert.ok(await isAdded(cid))
    await kubo.ipfs('repo', 'gc')
    assert.ok(Buffer.from(await kubo.ipfs('cat', '--offline', String(cid)).catch(() => '')).length > 0)

    const theirs = patterned(2 * MIB, 9)
    const { cid: given } = await importFile([theirs], (block, bytes) => copy.put(block, bytes))
    await store.fetch(given, { ...how, providers: [addressOf(other)] })
    assert.ok(await isAdded(given))
    await store.stop()
    // The folder remembers where its blocks are.
    await using again = await createContentStore({ dir, node: null, log: nullLog })
    await again.fetch(given, how)
    const plan = async () => ({ drop: [given], keep: [cid], isKept: () => false })
    const swept = await again.retention.sweep({ plan, onGone: async () => {}, signal: new AbortController().signal })
    assert.deepEqual([swept.blocks, swept.isComplete], [3, true])
    await kubo.ipfs('repo', 'gc')
    assert.ok(!(await again.has(given)) && (await again.has(cid)))
    // From Kubo alone: the folder was swept of copies.
    const left = await readdir(dir, { recursive: true })
    assert.ok(!left.some((name) => name.includes(String(given))), left.join(' '))
    const kept = await again.files.open(cid)
    assert.ok(kept !== null)
    assert.ok((await readFile(kept.path)).equals(file))
    await kept[Symbol.asyncDispose]()
  })
})

describe('what is no usable Kubo node', () => {
  it('is not remembered', async () => {
    await using directory = await temporaryDirectory()
    const dir = join(directory.path, 'blocks')
    using server = await answering(404, 'nothing')
    const options = { dir, node: null, log: nullLog }
    await assert.rejects(createContentStore({ ...options, ipfs: server.address }), failsWith('refused'))
    await assert.rejects(createContentStore({ ...options, ipfs: 'kubo:nowhere' }), failsWith('bad-input'))
    await using store = await createContentStore(options)
    await store.put(cidOf(patterned(10)), patterned(10))
  })

  async function answering(status: number, body: string | null) {
    const server = createServer((_, response) => {
      response.statusCode = status
      if (body !== null) response.end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const at = server.address()
    if (at === null || typeof at === 'string') throw new Error('no port')
    const address = `kubo:http://127.0.0.1:${at.port}`
    return {
      address,
      open: () => openKubo({ address, id: ID }),
      [Symbol.dispose]: () => {
        server.closeAllConnections()
        server.close()
      },
    }
  }

  it('is told by what it answers', async () => {
    for (const [status, body] of [
      [404, '404 page not found'],
      [200, '<html>'],
      [200, '{"Version":"1"}'],
      [405, ''],
    ] as const) {
      using server = await answering(status, body)
      await assert.rejects(server.open(), refusesWith(/not Kubo/, /RPC API/), `${status} ${body}`)
    }
  })

  it('is too old', async () => {
    using server = await answering(200, '{"Version":"0.29.0","Repo":"15"}')
    await assert.rejects(server.open(), failsWith('unsupported'))
  })

  it('answers more than it was asked', async () => {
    using server = await answering(200, 'x'.repeat(100_000))
    await assert.rejects(server.open(), failsWith('too-large'))
  })

  it('says why it failed, in its own words, cut', async () => {
    using server = await answering(500, JSON.stringify({ Message: `read-only file system ${'\n\u001b'.repeat(900)}` }))
    await assert.rejects(server.open(), refusesWith(/read-only file system\.$/, /mount it for writing/))
  })
})
