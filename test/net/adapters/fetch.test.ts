import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import type { Log } from '../../../src/ports/system.ts'
import { blocksIn } from '../../support/disk/stored-blocks.ts'
import { sendBlocks } from '../../support/e2e/liar/delivery.ts'
import { cidOf, importFiles, patterned, putBlock } from './content.ts'
import { failsWith, MIB, party, refuses } from './party.ts'
import { addressOf, link, startNode, temporaryDirectory } from './support.ts'

const DAG_CBOR = 0x71

describe('fetch over bitswap', () => {
  it('makes a file of many leaves local, and needs nobody the second time', async () => {
    await using giver = await party()
    await using taker = await party()
    const bytes = patterned(5 * MIB + 7)
    const cid = await importFiles(giver.store, { 'model.safetensors': bytes })
    const seen: number[] = []
    const done = await taker.store.fetch(cid, {
      shape: 'file',
      maxBytes: bytes.byteLength,
      fileBytes: bytes.byteLength,
      providers: [addressOf(giver.node)],
      timeoutMs: 20_000,
      onProgress: ({ blocks }) => seen.push(blocks),
    })
    assert.equal(done.blocks, 7)
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7])
    await giver.node.stop()
    const again = await taker.store.fetch(cid, { shape: 'file', maxBytes: bytes.byteLength, timeoutMs: 1000 })
    assert.deepEqual(again, done)
  })

  it('makes a directory local, and one block', async () => {
    await using giver = await party()
    await using taker = await party()
    const root = await importFiles(giver.store, {
      'base/config.json': new TextEncoder().encode('{}'),
      'base/model.safetensors': patterned(2 * MIB + 1),
    })
    await link(taker.node, giver.node)
    const done = await taker.store.fetch(root, { shape: 'directory', maxBytes: 3 * MIB, timeoutMs: 10_000 })
    // The directory, config.json, the file's node and its three leaves.
    assert.equal(done.blocks, 6)
    const cid = await putBlock(giver.store, patterned(1000, 9))
    assert.equal((await taker.store.fetch(cid, { shape: 'block', maxBytes: 1000, timeoutMs: 5000 })).bytes, 1000)
    const genesis = await putBlock(giver.store, Uint8Array.of(0xa0), DAG_CBOR)
    assert.equal((await taker.store.fetch(genesis, { shape: 'block', maxBytes: 1000, timeoutMs: 5000 })).bytes, 1)
  })

  it('reads a leaf that occurs many times once', async () => {
    await using giver = await party()
    await using taker = await party()
    const bytes = new Uint8Array(20 * MIB)
    const cid = await importFiles(giver.store, { zeros: bytes })
    await link(taker.node, giver.node)
    const done = await taker.store.fetch(cid, {
      shape: 'file',
      maxBytes: 20 * MIB,
      fileBytes: 20 * MIB,
      timeoutMs: 10_000,
    })
    assert.equal(done.blocks, 2)
    assert.ok(done.bytes < 2 * MIB)
  })

  it('goes on with another peer when the first one is dead, and when the first one has nothing', async () => {
    await using dead = await party()
    await using empty = await party()
    await using giver = await party()
    await using taker = await party()
    const bytes = patterned(3 * MIB, 3)
    const cid = await importFiles(giver.store, { file: bytes })
    const addresses = [dead, empty, giver].map(({ node }) => addressOf(node))
    await dead.node.stop()
    const done = await taker.store.fetch(cid, {
      shape: 'file',
      maxBytes: 4 * MIB,
      providers: addresses,
      timeoutMs: 15_000,
    })
    assert.equal(done.blocks, 4)
  })

  // docs/reliability.md: fault 51 (a provider withdraws after announcing).
  it('takes the rest from a holder when who announced it withdraws in the middle, and nothing from nobody', async () => {
    await using announcer = await party()
    await using lister = await party()
    await using taker = await party()
    const bytes = patterned(6 * MIB, 6)
    const cid = await importFiles(announcer.store, { file: bytes })
    await importFiles(lister.store, { file: bytes })
    let leaving: Promise<void> | null = null
    const done = await taker.store.fetch(cid, {
      ...{ shape: 'file', maxBytes: 7 * MIB, timeoutMs: 15_000 },
      providers: [announcer, lister].map(({ node }) => addressOf(node)),
      onProgress: ({ blocks }) => {
        if (blocks === 2) leaving = Promise.resolve(announcer.node.stop())
      },
    })
    assert.equal(done.blocks, 7)
    assert.notEqual(leaving, null)
    await leaving
    const gone = await importFiles(announcer.store, { file: patterned(2 * MIB, 7) })
    const announced = { providers: [addressOf(lister.node)], stallMs: 800, timeoutMs: 5_000 }
    await refuses(taker, lister, gone, 'block-missing', announced)
  })

  it('goes on with another peer when the first one takes the question and stays silent', async () => {
    await using giver = await party()
    await using taker = await party({ blockDeadlineMs: 300 })
    await using silent = await startNode()
    await silent.libp2p.handle('/ipfs/bitswap/1.2.0', () => {})
    const cid = await importFiles(giver.store, { file: patterned(3 * MIB, 4) })
    const done = await taker.store.fetch(cid, {
      shape: 'file',
      maxBytes: 4 * MIB,
      providers: [addressOf(silent), addressOf(giver.node)],
      timeoutMs: 15_000,
    })
    assert.equal(done.blocks, 4)
  })

  it('takes a block that its peer gets only after being asked', async () => {
    const refused = Promise.withResolvers<void>()
    const log: Log = { ...nullLog, debug: (event) => event === 'block-not-given' && refused.resolve() }
    await using giver = await party()
    await using taker = await party({ log, broadcastMs: 60_000 })
    await link(taker.node, giver.node)
    const block = patterned(1000, 5)
    const asked = taker.store.fetch(cidOf(block), { shape: 'block', maxBytes: 1000, timeoutMs: 10_000 })
    await refused.promise
    await putBlock(giver.store, block)
    assert.equal((await asked).bytes, 1000)
  })

  it('takes a block a second time from the same peer without waiting', async () => {
    await using giver = await party()
    await using taker = await party({ blockDeadlineMs: 60_000 })
    await link(taker.node, giver.node)
    const cid = await putBlock(giver.store, patterned(1000, 17))
    for (let time = 0; time < 3; time++) {
      await taker.store.fetch(cid, { shape: 'block', maxBytes: 1000, timeoutMs: 10_000 })
      await taker.store.delete(cid)
    }
  })

  // Fault 32.
  it('says block-missing when nobody gives it in time, and aborted when the caller stops', async () => {
    await using liar = await party()
    await using taker = await party()
    await link(taker.node, liar.node)
    const cid = cidOf(patterned(10, 6))
    await refuses(taker, liar, cid, 'block-missing', { timeoutMs: 400 })
    const started = performance.now()
    await refuses(taker, liar, cid, 'block-missing', { stallMs: 400 })
    assert.ok(performance.now() - started < 5000)
    await refuses(taker, liar, cid, 'aborted', { signal: AbortSignal.timeout(300) })
    await refuses(taker, liar, cid, 'aborted', { signal: AbortSignal.abort() })
  })

  it('says block-missing when the peer gives the root and withholds a leaf, and keeps what came', async () => {
    await using liar = await party()
    await using taker = await party()
    const bytes = patterned(4 * MIB, 7)
    const cid = await importFiles(liar.store, { file: bytes })
    const withheld = cidOf(bytes.subarray(2 * MIB, 3 * MIB))
    await liar.store.delete(withheld)
    await refuses(taker, liar, cid, 'block-missing', { stallMs: 800 })
    assert.ok(await taker.store.has(cid))
    assert.ok(await taker.store.has(cidOf(bytes.subarray(0, MIB))))
    assert.ok(!(await taker.store.has(withheld)))
  })

  // Fault 31.
  it('ignores bytes that nobody asked for, and bytes that do not match', async () => {
    await using giver = await party()
    await using taker = await party({ blockDeadlineMs: 300 })
    await using liar = await startNode()
    const wanted = patterned(500, 13)
    const junk = patterned(500, 14)
    await liar.libp2p.handle('/ipfs/bitswap/1.2.0', (_, connection) => {
      void sendBlocks(liar.libp2p, connection.remotePeer, [{ cid: cidOf(junk), bytes: junk }])
    })
    const cid = await putBlock(giver.store, wanted)
    const done = await taker.store.fetch(cid, {
      shape: 'block',
      maxBytes: 500,
      providers: [addressOf(liar), addressOf(giver.node)],
      timeoutMs: 10_000,
    })
    assert.equal(done.bytes, 500)
    assert.ok(!(await taker.store.has(cidOf(junk))))
  })

  // docs/reliability.md: fault 43 (a flipped byte on the disk).
  it('fetches again what has rotted here, and does not pass rot on', async () => {
    await using directory = await temporaryDirectory()
    await using giver = await party()
    await using middle = await party({ dir: directory.path })
    await using taker = await party()
    const block = patterned(2000, 15)
    const cid = await putBlock(giver.store, block)
    await middle.store.put(cid, block)
    await blocksIn(directory.path).rot(cid)
    await assert.rejects(middle.store.get(cid), failsWith('block-corrupt'))

    await link(taker.node, middle.node)
    await refuses(taker, middle, cid, 'block-missing', { shape: 'block', timeoutMs: 600 })

    await link(middle.node, giver.node)
    await middle.store.fetch(cid, { shape: 'block', maxBytes: 2000, timeoutMs: 5000 })
    assert.deepEqual(await middle.store.get(cid), block)
    await taker.store.fetch(cid, { shape: 'block', maxBytes: 2000, timeoutMs: 5000 })
  })

  // docs/reliability.md: fault 49 (a partial download goes on).
  it('continues after a restart with the blocks that were there: nobody is asked for more than what is missing', async () => {
    await using directory = await temporaryDirectory()
    await using giver = await party()
    const bytes = patterned(4 * MIB, 16)
    const cid = await importFiles(giver.store, { file: bytes })
    const last = bytes.subarray(3 * MIB)
    await giver.store.delete(cidOf(last))
    {
      await using first = await party({ dir: directory.path })
      // Stopped when all but one of five blocks are there.
      const stop = new AbortController()
      const partial = first.store.fetch(cid, {
        shape: 'file',
        maxBytes: 4 * MIB,
        providers: [addressOf(giver.node)],
        timeoutMs: 60_000,
        signal: stop.signal,
        onProgress: ({ blocks }) => blocks === 4 && stop.abort(),
      })
      await assert.rejects(partial, failsWith('aborted'))
    }
    await putBlock(giver.store, last)
    // The giver has nothing else any more, so nothing else can have come from it.
    await giver.store.delete(cid)
    for (const at of [0, 1, 2]) await giver.store.delete(cidOf(bytes.subarray(at * MIB, (at + 1) * MIB)))
    await using second = await party({ dir: directory.path })
    const done = await second.store.fetch(cid, {
      shape: 'file',
      maxBytes: 4 * MIB,
      providers: [addressOf(giver.node)],
      timeoutMs: 10_000,
    })
    assert.equal(done.blocks, 5)
    assert.deepEqual(await second.store.get(cidOf(last)), last)
  })
})
