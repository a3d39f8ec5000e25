import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { importFile, LEAF_BYTES, listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import type { FileToReceive } from '../../../../../src/ports/weight-files.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'

/** A file of so many leaves, each of one byte repeated; the last is short. */
function fileOf(...bytes: readonly number[]): Buffer {
  const leaves = bytes.map((byte, i) => Buffer.alloc(i < bytes.length - 1 ? LEAF_BYTES : 1000, byte))
  return Buffer.concat(leaves)
}

function digestsOf(file: Buffer): Buffer {
  const digests: Buffer[] = []
  for (let at = 0; at === 0 || at < file.length; at += LEAF_BYTES)
    digests.push(hash('sha256', file.subarray(at, at + LEAF_BYTES), 'buffer'))
  return Buffer.concat(digests)
}

async function describeFile(file: Buffer): Promise<FileToReceive> {
  const blocks = new Map<string, Uint8Array>()
  const { cid } = await importFile([file], (cid, block) => void blocks.set(String(cid), block))
  const listed = await listLeaves(cid, async (node) => blocks.get(String(node)) ?? new Uint8Array(), {
    maxBytes: file.length,
  })
  return { root: cid, ...listed }
}

const leafOf = (file: Buffer, leaf: number) => file.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES)

async function make(store: Awaited<ReturnType<typeof openBlockStore>>, file: Buffer): Promise<CID> {
  await using making = await store.files.make(file.length)
  await writeFile(making.path, file)
  return await making.finish(digestsOf(file))
}

async function contentOf(store: Awaited<ReturnType<typeof openBlockStore>>, root: CID): Promise<Buffer | null> {
  await using kept = await store.files.open(root)
  return kept && (await readFile(kept.path))
}

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Uint8Array.of(0x5a), 0, 1, at)
  await file.close()
}

describe('files of weights', () => {
  const content = fileOf(1, 2, 3)

  it('are their blocks: leaves, and the nodes above them', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path)
    const root = await make(store, content)
    const { root: expected, leaves } = await describeFile(content)
    assert.equal(String(root), String(expected))
    assert.deepEqual(await contentOf(store, root), content)
    for (const opened of [store, await openBlockStore(directory.path)]) {
      const listed = await listLeaves(root, opened.local.get, { maxBytes: content.length })
      assert.equal(listed.bytes, content.length)
      for (const [i, { cid }] of leaves.entries()) {
        assert.deepEqual(Buffer.from(await opened.local.get(cid)), leafOf(content, i))
        assert.ok(await opened.local.has(cid))
      }
      assert.deepEqual(opened.retention.usage, { blocks: 3, bytes: content.length })
    }
  })

  it('of one leaf or none have no node', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path)
    for (const small of [Buffer.alloc(0), Buffer.from('small')]) {
      const root = await make(store, small)
      assert.deepEqual(Buffer.from(await store.local.get(root)), small)
      assert.deepEqual(await contentOf(store, root), small)
    }
  })

  it('of one leaf come as a block like any other, and are files from the first time that they are opened', async () => {
    await using directory = await temporaryDirectory()
    const small = fileOf(7)
    const { root } = await describeFile(small)
    {
      await using store = await openBlockStore(directory.path)
      await store.local.put(root, small)
      assert.deepEqual(await contentOf(store, root), small)
      assert.deepEqual(store.retention.usage, { blocks: 1, bytes: small.length })
    }
    await using store = await openBlockStore(directory.path)
    assert.deepEqual(await readFile(join(directory.path, 'files', `${root}.safetensors`)), small)
    assert.deepEqual(Buffer.from(await store.local.get(root)), small)
    assert.deepEqual(store.retention.usage, { blocks: 1, bytes: small.length })
  })

  it('go on where they were broken off, by what is there', async () => {
    await using directory = await temporaryDirectory()
    const file = await describeFile(content)
    {
      const store = await openBlockStore(directory.path)
      const incoming = await store.files.receive(file)
      assert.deepEqual(incoming.missing, [0, 1, 2])
      await incoming.write(1, leafOf(content, 1))
      assert.deepEqual(incoming.missing, [0, 2])
      assert.deepEqual(Buffer.from(await store.local.get(file.leaves[1]?.cid ?? file.root)), leafOf(content, 1))
      assert.equal(await store.files.open(file.root), null)
      // Killed here: neither finished nor disposed.
    }
    await using store = await openBlockStore(directory.path)
    await using incoming = await store.files.receive(file)
    assert.deepEqual(incoming.missing, [0, 2])
    await incoming.write(0, leafOf(content, 0))
    await incoming.write(2, leafOf(content, 2))
    assert.equal(await contentOf(store, file.root), null)
    await incoming.finish()
    assert.deepEqual(await contentOf(store, file.root), content)
    assert.deepEqual(await readdir(join(directory.path, 'files', 'incoming')), [])
  })

  it('take leaves that others have, and those that come one by one', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path)
    await make(store, fileOf(7, 2, 9))
    const file = await describeFile(content)
    await store.local.put(file.leaves[2]?.cid ?? file.root, leafOf(content, 2))
    await using incoming = await store.files.receive(file)
    assert.deepEqual(incoming.missing, [0])
    await store.local.accept(file.leaves[0]?.cid ?? file.root, leafOf(content, 0))
    assert.deepEqual(incoming.missing, [])
    await incoming.finish()
    assert.deepEqual(await contentOf(store, file.root), content)
    assert.equal(store.retention.usage.blocks, 6, 'the leaf that came by itself lies in the file now')
  })

  it('are made of blocks that came one by one', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path)
    const { cid } = await importFile([content], store.local.put)
    assert.deepEqual(await contentOf(store, cid), content)
    assert.equal(await store.files.open((await describeFile(fileOf(4, 5))).root), null)
  })

  it('show rot, and take the right bytes back at their place', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path)
    const root = await make(store, content)
    const { leaves } = await describeFile(content)
    const [, second] = leaves
    assert.ok(second)
    await store.local.get(second.cid)
    const path = join(directory.path, 'files', `${root}.safetensors`)
    await flip(path, LEAF_BYTES + 77)
    await assert.rejects(store.local.get(second.cid), (error) => isColdmeshError(error, 'block-corrupt'))
    assert.equal(await store.local.take(second.cid), undefined)
    assert.equal(await store.local.has(second.cid), false)
    assert.equal(await store.files.open(root), null, 'not whole')
    await store.local.put(second.cid, leafOf(content, 1))
    assert.deepEqual(await readFile(path), content)
    assert.deepEqual(await contentOf(store, root), content)
  })

  it('mend each other', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path)
    const [root, other] = [await make(store, content), await make(store, fileOf(8, 2, 8))]
    const [, second] = (await describeFile(content)).leaves
    for (const damaged of [root, other]) {
      await flip(join(directory.path, 'files', `${damaged}.safetensors`), LEAF_BYTES)
      assert.deepEqual(Buffer.from(await store.local.get(second?.cid ?? root)), leafOf(content, 1))
    }
  })

  it('are indexed again when the index is gone or damaged, and wait to be completed when both are', async () => {
    await using directory = await temporaryDirectory()
    const root = await make(await openBlockStore(directory.path), content)
    const base = join(directory.path, 'files', String(root))
    await flip(`${base}.index`, 50)
    await using again = await openBlockStore(directory.path)
    assert.deepEqual(await contentOf(again, root), content)
    await flip(`${base}.index`, 50)
    await flip(`${base}.safetensors`, 5)
    await using damaged = await openBlockStore(directory.path)
    assert.equal(await damaged.files.open(root), null)
    await using incoming = await damaged.files.receive(await describeFile(content))
    assert.deepEqual(incoming.missing, [0])
  })

  it('leave nothing of what was being made', async () => {
    await using directory = await temporaryDirectory()
    const store = await openBlockStore(directory.path)
    const making = await store.files.make(10)
    await writeFile(making.path, 'half')
    await assert.rejects(making.finish(digestsOf(Buffer.alloc(10))), (error) => isColdmeshError(error, 'refused'))
    const other = await openBlockStore(directory.path)
    await assert.rejects(stat(making.path))
    assert.deepEqual(other.retention.usage, { blocks: 0, bytes: 0 })
  })

  it('read beyond two gibibytes', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path)
    const bytes = 2_500 * LEAF_BYTES + 12
    const zero = hash('sha256', new Uint8Array(LEAF_BYTES), 'buffer')
    const marked = new Uint8Array(LEAF_BYTES).fill(9)
    const last = new Uint8Array(12).fill(3)
    const digests = Buffer.concat([
      ...Array.from({ length: 2_300 }, () => zero),
      hash('sha256', marked, 'buffer'),
      ...Array.from({ length: 199 }, () => zero),
      hash('sha256', last, 'buffer'),
    ])
    await using making = await store.files.make(bytes)
    const file = await open(making.path, 'r+')
    await file.truncate(bytes)
    await file.write(marked, 0, LEAF_BYTES, 2_300 * LEAF_BYTES)
    await file.write(last, 0, 12, 2_500 * LEAF_BYTES)
    await file.close()
    const root = await making.finish(digests)
    await using again = await openBlockStore(directory.path)
    const { leaves } = await listLeaves(root, again.local.get, { maxBytes: bytes })
    assert.equal(leaves.length, 2_501)
    assert.deepEqual(await again.local.get(leaves[2_300]?.cid ?? root), marked)
    assert.deepEqual(await again.local.get(leaves[2_500]?.cid ?? root), last)
    assert.deepEqual(await again.local.get(leaves[0]?.cid ?? root), new Uint8Array(LEAF_BYTES))
  })
})
