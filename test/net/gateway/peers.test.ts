import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryLog } from '../../../src/adapters/memory/log.ts'
import type { GatewaySettings } from '../../../src/peer/store/gateway-exchange.ts'
import { importFiles, patterned } from '../adapters/content.ts'
import { MIB, type Party, party, refuses } from '../adapters/party.ts'
import { addressOf, link } from '../adapters/support.ts'

const STREAMS: GatewaySettings = { listen: [] }
const HTTP: GatewaySettings = { listen: [{ host: '127.0.0.1', port: 0 }] }

// Without bitswap's help: the deadline of a block is longer than a test.
for (const [way, gateway] of [
  ['over a stream', STREAMS],
  ['over plain HTTP', HTTP],
] as const) {
  describe(`content from peers, ${way}`, () => {
    it('is a file, a directory with all in it, or a block', async () => {
      await using giver = await party({ gateway })
      await using taker = await party({ gateway: STREAMS })
      const bytes = patterned(9 * MIB + 7, 3)
      const cid = await importFiles(giver.store, { 'model.safetensors': bytes })
      const seen: number[] = []
      const done = await taker.store.fetch(cid, {
        ...{ shape: 'file', maxBytes: bytes.byteLength, fileBytes: bytes.byteLength, timeoutMs: 20_000 },
        providers: [addressOf(giver.node)],
        onProgress: ({ blocks }) => seen.push(blocks),
      })
      assert.equal(done.blocks, 11)
      assert.deepEqual(
        seen,
        Array.from({ length: 11 }, (_, i) => i + 1),
      )
      const root = await importFiles(giver.store, {
        'base/config.json': new TextEncoder().encode('{}'),
        'base/model.safetensors': patterned(2 * MIB + 1, 4),
      })
      const directory = await taker.store.fetch(root, { shape: 'directory', maxBytes: 3 * MIB, timeoutMs: 10_000 })
      assert.equal(directory.blocks, 6)
      await giver.node.stop()
      const again = await taker.store.fetch(cid, { shape: 'file', maxBytes: bytes.byteLength, timeoutMs: 5_000 })
      assert.equal(again.blocks, 11)
    })

    it('goes on where it was broken off, with another peer, and fetches no leaf twice', async () => {
      await using first = await party({ gateway: { ...gateway, maxUpload: 4 * MIB } })
      await using second = await party({ gateway })
      await using taker = await party({ gateway: STREAMS })
      const bytes = patterned(12 * MIB, 8)
      const cid = await importFiles(first.store, { file: bytes })
      await importFiles(second.store, { file: bytes })
      const stop = new AbortController()
      let came = 0
      const options = { shape: 'file', maxBytes: 13 * MIB, timeoutMs: 20_000 } as const
      const broken = taker.store.fetch(cid, {
        ...{ ...options, providers: [addressOf(first.node)], signal: stop.signal },
        onProgress: ({ blocks }) => {
          came = blocks
          if (blocks >= 4) stop.abort()
        },
      })
      await assert.rejects(broken, { code: 'aborted' })
      await first.node.stop()
      const fresh: number[] = []
      const done = await taker.store.fetch(cid, {
        ...{ ...options, providers: [addressOf(second.node)] },
        onProgress: ({ blocks }) => fresh.push(blocks),
      })
      assert.ok(came >= 4)
      assert.equal(done.blocks, 13)
    })

    it('refuses a length that lies, a directory for a file, and what nobody has', async () => {
      await using giver = await party({ gateway })
      await using taker = await party({ gateway: STREAMS })
      const cid = await importFiles(giver.store, { file: patterned(3 * MIB, 5) })
      const root = await importFiles(giver.store, { 'base/a': patterned(10, 1) })
      await refuses(taker, giver, cid, 'bad-checkpoint', { fileBytes: 3 * MIB - 1 })
      await refuses(taker, giver, root, 'bad-checkpoint')
      await refuses(taker, giver, cid, 'too-large', { maxBytes: 2 * MIB })
      const nowhere = await importFiles(taker.store, { file: patterned(5, 9) })
      await taker.store.delete(nowhere)
      await refuses(taker, giver, nowhere, 'block-missing', { stallMs: 800 })
    })
  })
}

describe('content from two peers', () => {
  it('comes from both when each is slow', async () => {
    const maxUpload = 4_000_000
    const log = memoryLog()
    await using one = await party({ gateway: { ...HTTP, maxUpload } })
    await using two = await party({ gateway: { ...HTTP, maxUpload } })
    await using taker = await party({ gateway: STREAMS, log })
    const bytes = patterned(16 * MIB, 6)
    const cid = await importFiles(one.store, { file: bytes })
    await importFiles(two.store, { file: bytes })
    for (const giver of [one, two]) await link(taker.node, giver.node)
    await taker.store.fetch(cid, { shape: 'file', maxBytes: 17 * MIB, timeoutMs: 60_000 })
    const given = log.entries.filter(({ event }) => event === 'range-given')
    assert.deepEqual(new Set(given.map(({ fields }) => fields['peer'])), new Set([one, two].map(selfOf)))
  })
})

describe('content from a peer that is still getting it', () => {
  it('is what that one has, and never breaks off', async () => {
    const [giverLog, halfLog, log] = [memoryLog(), memoryLog(), memoryLog()]
    await using giver = await party({ gateway: { ...HTTP, maxUpload: 6_000_000 }, log: giverLog })
    await using half = await party({ gateway: HTTP, log: halfLog })
    await using taker = await party({ gateway: STREAMS, log })
    const bytes = patterned(24 * MIB, 11)
    const cid = await importFiles(giver.store, { file: bytes })
    const options = { shape: 'file', maxBytes: 25 * MIB, timeoutMs: 60_000 } as const
    await link(half.node, giver.node)
    const first = Promise.withResolvers<void>()
    const halves = half.store.fetch(cid, {
      ...options,
      onProgress: ({ blocks }) => blocks > 4 && first.resolve(),
    })
    await first.promise
    for (const other of [giver, half]) await link(taker.node, other.node)
    const done = await Promise.all([halves, taker.store.fetch(cid, options)])
    assert.deepEqual(
      done.map(({ blocks }) => blocks),
      [25, 25],
    )
    const given = log.entries.filter(({ event }) => event === 'range-given')
    const from = given.filter(({ fields }) => fields['peer'] === selfOf(half))
    assert.ok(from.length > 0, 'some came from the one that was getting it')
    const broken = [giverLog, halfLog].flatMap(({ entries }) =>
      entries.filter(({ event }) => event === 'answer-broken-off'),
    )
    assert.deepEqual(broken, [])
    assert.deepEqual(
      log.entries.filter(({ event }) => event === 'source-left'),
      [],
    )
  })
})

const selfOf = ({ node }: Party): string => node.mesh.self

describe('a peer without a gateway', () => {
  it('is fetched from by bitswap', async () => {
    await using giver = await party({ gateway: null })
    await using taker = await party({ gateway: HTTP })
    const cid = await importFiles(giver.store, { file: patterned(3 * MIB, 2) })
    const done = await taker.store.fetch(cid, {
      ...{ shape: 'file', maxBytes: 4 * MIB, timeoutMs: 15_000, providers: [addressOf(giver.node)] },
    })
    assert.equal(done.blocks, 4)
    assert.notEqual(taker.store.gateway, null)
    assert.equal(giver.store.gateway, null)
  })
})
