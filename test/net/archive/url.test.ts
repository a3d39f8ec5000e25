import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { startGateway } from '../../../src/adapters/gateway/server.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { importFile } from '../../../src/checkpoint/unixfs.ts'
import { describeArchive } from '../../../src/peer/archive/describe.ts'
import { verifyUrl } from '../../../src/peer/archive/verify-url.ts'
import { verifyArchive } from '../../../src/peer/verify-archive.ts'
import { type ErrorCode, isColdmeshError } from '../../../src/ports/errors.ts'
import { archiveOf } from '../../support/archive/small-archive.ts'
import { serveWeb } from '../../support/archive/web-server.ts'
import { addRound, type TestChain, threeRounds } from '../../support/history/build-chain.ts'
import { copyStore, flipBlock, type MemoryStore } from '../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../support/history/temporary.ts'
import { skipWithoutKubo, startKubo } from '../../support/kubo/kubo.ts'

const folder = temporaryDirectory()
let chain: TestChain
let trust: string
let everything: { readonly path: string; readonly bytes: Uint8Array; readonly root: string }
before(async () => {
  chain = await addRound(await threeRounds(), { seeds: [9, 10, 11] })
  trust = String(chain.network.id)
  everything = await archiveOf(chain, 'everything', folder)
})

const spools = () => readdirSync(tmpdir()).filter((name) => /^coldmesh-[0-9a-f]{16}\.car\.tmp$/.test(name))
const failsWith = (code: ErrorCode) => (error: unknown) => isColdmeshError(error, code)

describe('an archive at a URL', () => {
  it('is verified as the file is, and leaves nothing here', async () => {
    const kept = spools()
    await using server = await serveWeb((_, response) => response.end(everything.bytes))
    const report = await verifyArchive(`${server.url}/base.car`, { trust })
    assert.ok(report.valid && report.trusted, JSON.stringify(report.failures))
    assert.deepEqual([report.archive?.root, report.archive?.bytes], [everything.root, everything.bytes.length])
    assert.deepEqual(server.asked, ['/base.car'])
    assert.deepEqual(spools(), kept)
  })

  it('is read behind a redirection', async () => {
    await using server = await serveWeb((request, response) => {
      if (request.url === '/newest') response.writeHead(302, { location: '/base.car' }).end()
      else response.end(everything.bytes)
    })
    assert.ok((await verifyUrl(`${server.url}/newest`, { level: 'signatures' })).valid)
  })

  it('is not read beyond its first bad block', async () => {
    const bad = Uint8Array.from(everything.bytes)
    bad[200] = (bad[200] ?? 0) ^ 1
    const closed = Promise.withResolvers<void>()
    await using server = await serveWeb((_, response) => {
      response.on('close', closed.resolve)
      // the rest never comes: whoever waited for it would not end
      response.write(bad.subarray(0, 1 << 20))
    })
    const report = await verifyUrl(`${server.url}/base.car`)
    assert.equal(report.valid, false)
    assert.match(report.failures[0]?.reason ?? '', /^archive-/)
    await closed.promise
  })

  it('is limited in bytes, whether the answer says how many or not', async () => {
    const maxBytes = everything.bytes.length - 1
    await using server = await serveWeb((request, response) => {
      if (request.url === '/said') response.end(everything.bytes)
      else response.write(everything.bytes, () => response.end())
    })
    for (const path of ['said', 'unsaid']) {
      await assert.rejects(verifyUrl(`${server.url}/${path}`, { maxBytes }), failsWith('too-large'))
    }
    assert.ok((await verifyUrl(`${server.url}/unsaid`, { level: 'signatures', maxBytes: maxBytes + 1 })).valid)
  })

  it('is given up when its server falls silent, before its answer or in it', { timeout: 60_000 }, async () => {
    await using server = await serveWeb((request, response) => {
      if (request.url === '/half') response.write(everything.bytes.subarray(0, 1 << 20))
    })
    for (const path of ['never', 'half']) {
      await assert.rejects(verifyUrl(`${server.url}/${path}`, { stallMs: 200 }), failsWith('deadline'))
    }
  })

  it('is told apart from what cannot be fetched', async () => {
    await using server = await serveWeb((request, response) => {
      if (request.url === '/broken') {
        response.writeHead(200, { 'content-length': everything.bytes.length })
        response.write(everything.bytes.subarray(0, 1 << 20), () => response.destroy())
      } else response.writeHead(request.url === '/none' ? 404 : 500).end()
    })
    await assert.rejects(verifyUrl(`${server.url}/none`), failsWith('block-missing'))
    await assert.rejects(verifyUrl(`${server.url}/fails`), failsWith('unreachable'))
    await assert.rejects(verifyUrl(`${server.url}/broken`), failsWith('unreachable'))
    await assert.rejects(verifyUrl('http://127.0.0.1:1/base.car'), failsWith('unreachable'))
    for (const text of ['http://', 'ftp://host/base.car', 'http://me:secret@host/base.car']) {
      await assert.rejects(verifyUrl(text), failsWith('bad-input'), text)
    }
    await using page = await serveWeb((_, response) => response.end('<html>not found</html>'))
    const report = await verifyUrl(`${page.url}/base.car`)
    assert.deepEqual([report.valid, report.failures[0]?.link], [false, 'archive'])
  })

  it('stops at the signal', async () => {
    const stop = new AbortController()
    await using server = await serveWeb(() => stop.abort())
    await assert.rejects(verifyUrl(`${server.url}/base.car`, { signal: stop.signal }), failsWith('aborted'))
  })
})

/** Our own, over these blocks. */
const gatewayOver = (store: MemoryStore) =>
  startGateway({ blocks: store, files: null, log: nullLog, listen: [{ host: '127.0.0.1', port: 0 }] })

async function servedChain(): Promise<{ readonly store: MemoryStore; readonly root: CID }> {
  const store = copyStore(chain.store)
  await store.put(chain.network.id, chain.net.bytes)
  const { base, round, certificate } = chain.head
  const object = describeArchive({ network: chain.network, base, round, certificate, contents: 'everything' })
  await store.put(object.root, object.block)
  return { store, root: object.root }
}

describe('an archive/1 at a gateway', () => {
  it('is verified by the blocks that its history leads to', async () => {
    const { store, root } = await servedChain()
    await using gateway = await gatewayOver(store)
    for (const query of ['', '?format=raw', '?format=car&dag-scope=entity']) {
      const report = await verifyUrl(`${gateway.url}/ipfs/${root}${query}`, { trust })
      assert.ok(report.valid && report.trusted && report.certified, JSON.stringify(report.failures))
      assert.equal(report.rounds.length, 4)
      assert.ok(report.rounds.every(({ fusion }) => fusion === 'reproduced'))
    }
    store.asked.length = 0
    assert.ok((await verifyUrl(`${gateway.url}/ipfs/${root}`, { level: 'signatures' })).valid)
    assert.ok(store.asked.length <= 2 + 2 * 4 + 4, `kilobytes a round: ${store.asked.length} blocks`)
  })

  it('names the block that is other bytes, or not there', async () => {
    const { store, root } = await servedChain()
    await using liar = await serveWeb((request, response) => {
      const cid = CID.parse(/^\/ipfs\/(\w+)/.exec(request.url ?? '')?.[1] ?? '')
      const block = store.blocks.get(String(cid))
      response.writeHead(block === undefined ? 404 : 200, { 'content-type': 'application/vnd.ipld.raw' }).end(block)
    })
    const base = chain.entries[1]?.base ?? assert.fail()
    flipBlock(store, base, 5)
    const report = await verifyUrl(`${liar.url}/ipfs/${root}`, { level: 'signatures' })
    assert.deepEqual([report.valid, report.failures[0]?.link], [false, `block ${base}`])
    assert.match(report.failures[0]?.reason ?? '', /^block-corrupt/)
    await store.delete(base)
    const lacking = await verifyUrl(`${liar.url}/ipfs/${root}`, { level: 'signatures' })
    assert.match(lacking.failures[0]?.reason ?? '', /^block-missing/)
    const { store: other } = await servedChain()
    const helped = await verifyUrl(`${liar.url}/ipfs/${root}`, { fallback: other })
    assert.ok(helped.valid, 'a data directory has what the gateway lacks')
    flipBlock(store, root, 5)
    const first = await verifyUrl(`${liar.url}/ipfs/${root}`)
    assert.deepEqual([first.valid, first.failures[0]?.link], [false, `block ${root}`])
  })

  it('is a base with its certificate given, or without one a mere proposal', async () => {
    const { store } = await servedChain()
    await using gateway = await gatewayOver(store)
    const url = `${gateway.url}/ipfs/${chain.head.base}`
    const certificate = chain.head.certificate ?? assert.fail()
    assert.ok((await verifyUrl(url, { certificate, trust })).valid)
    const proposal = await verifyUrl(`${url}?format=raw`, { level: 'signatures', trust })
    assert.deepEqual([proposal.valid, proposal.certified], [false, false])
    const start = `${gateway.url}/ipfs/${chain.network.genesis.base}`
    await assert.rejects(verifyUrl(start), failsWith('bad-input'))
    const limit = { certificate, maxBytes: 100_000 }
    await assert.rejects(verifyUrl(url, limit), failsWith('too-large'))
  })

  it('is a file that is an archive, block by block', async () => {
    const store = copyStore(chain.store)
    const { cid } = await importFile([everything.bytes], (block, bytes) => store.put(block, bytes))
    await using gateway = await gatewayOver(store)
    const report = await verifyUrl(`${gateway.url}/ipfs/${cid}?format=raw`, { level: 'signatures', trust })
    assert.ok(report.valid)
    assert.equal(report.archive?.root, everything.root)
  })
})

describe('with a stock Kubo', { skip: skipWithoutKubo }, () => {
  it('an archive that it imported is verified at its gateway, as a file and by its blocks', async () => {
    await using kubo = await startKubo(join(folder, 'kubo'), { 'Addresses.Gateway': '/ip4/127.0.0.1/tcp/0' })
    const gateway = (await readFile(join(kubo.home, 'gateway'), 'utf8')).trim().replace(/\/$/, '')
    const path = join(folder, 'theirs.car')
    await writeFile(path, everything.bytes)
    await kubo.ipfs('dag', 'import', '--pin-roots=false', path)
    const blocks = await verifyUrl(`${gateway}/ipfs/${everything.root}`, { trust })
    assert.ok(blocks.valid, JSON.stringify(blocks.failures))
    const file = await kubo.ipfs('add', '--quieter', path)
    const whole = await verifyUrl(`${gateway}/ipfs/${file}`, { trust })
    assert.ok(whole.valid && whole.archive?.root === everything.root, JSON.stringify(whole.failures))
    const { path: small } = await archiveOf(chain, 'lineage', folder)
    const cut = await kubo.ipfs(
      'add',
      '--quieter',
      '--chunker=size-4096',
      '--raw-leaves=false',
      '--cid-version=1',
      small,
    )
    const lineage = await verifyUrl(`${gateway}/ipfs/${cut}`, { trust, level: 'signatures' })
    assert.ok(lineage.valid && lineage.archive?.contents === 'lineage', JSON.stringify(lineage.failures))
    const certificate = chain.head.certificate ?? assert.fail()
    const base = await verifyUrl(`${gateway}/ipfs/${chain.head.base}?format=raw`, { trust, certificate })
    assert.ok(base.valid, JSON.stringify(base.failures))
  })
})
