import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import {
  type Block,
  type Delivery,
  deliverBy,
  oneByteASecond,
  otherBytes,
  sendBlocks,
} from '../../support/e2e/liar/delivery.ts'
import { CODEC, cidOf, importFiles, patterned } from './content.ts'
import { MIB, party, refuses } from './party.ts'
import { addressOf, link, startNode } from './support.ts'

/** A peer that answers for blocks as told, and how often it was asked. */
async function liarBy(delivery: Delivery): Promise<{ node: Libp2pNode; asked: () => number } & AsyncDisposable> {
  const node = await startNode()
  let count = 0
  await deliverBy(node.libp2p, async (peer, libp2p) => {
    count++
    await delivery(peer, libp2p)
  })
  return { node, asked: () => count, [Symbol.asyncDispose]: () => node.stop() }
}

/** A file's blocks in the order in which they are asked for: the root, then its leaves. */
function blocksOf(bytes: Uint8Array, root: Block): readonly Block[] {
  const leaves = Array.from({ length: Math.ceil(bytes.length / MIB) }, (_, i) => bytes.subarray(i * MIB, (i + 1) * MIB))
  return [root, ...leaves.map((leaf) => ({ cid: cidOf(leaf), bytes: leaf }))]
}

describe('fetch from a peer that does not give', () => {
  // Faults 20 and 32.
  it('goes on with another when one sends a byte a second, and asks that one last from then on', async () => {
    await using giver = await party()
    await using taker = await party({ blockDeadlineMs: 400 })
    const bytes = patterned(3 * MIB, 41)
    const cid = await importFiles(giver.store, { file: bytes })
    const root = { cid, bytes: await giver.store.get(cid) }
    await using slow = await liarBy(oneByteASecond(blocksOf(bytes, root)))
    const providers = [addressOf(slow.node), addressOf(giver.node)]
    const options = { shape: 'file', maxBytes: 4 * MIB, fileBytes: 3 * MIB, providers, timeoutMs: 15_000 } as const
    assert.equal((await taker.store.fetch(cid, options)).blocks, 4)
    assert.ok(slow.asked() > 0)
    assert.ok(taker.store.unansweredBy(slow.node.mesh.self) > 0)
    assert.equal(taker.store.unansweredBy(giver.node.mesh.self), 0)

    const before = slow.asked()
    const other = await importFiles(giver.store, { file: patterned(2 * MIB, 42) })
    await taker.store.fetch(other, { ...options, fileBytes: 2 * MIB })
    assert.equal(slow.asked(), before, 'though it was named first again')
  })

  it('gives up by itself when a byte a second is all there is', async () => {
    await using taker = await party()
    const bytes = patterned(2 * MIB, 43)
    const cid = cidOf(bytes.subarray(0, MIB))
    await using slow = await liarBy(oneByteASecond([{ cid, bytes: bytes.subarray(0, MIB) }]))
    await link(taker.node, slow.node)
    await refuses(taker, slow, cid, 'block-missing', { stallMs: 800 })
    assert.ok(taker.store.unansweredBy(slow.node.mesh.self) > 0, 'half the stall was for it, half for another')
  })

  // Fault 20: never silent, never done.
  it('ends at the total time when blocks keep coming, only too slowly', async () => {
    await using source = await party()
    await using taker = await party({ blockDeadlineMs: 60_000 })
    const bytes = patterned(6 * MIB, 44)
    const cid = await importFiles(source.store, { file: bytes })
    const blocks = blocksOf(bytes, { cid, bytes: await source.store.get(cid) })
    await using slow = await liarBy(oneBlockEvery(300, blocks))
    await link(taker.node, slow.node)
    await refuses(taker, slow, cid, 'deadline', { stallMs: 60_000, timeoutMs: 1200 })
    assert.ok(await taker.store.has(cid), 'what came is kept')
  })

  // Fault 31.
  it('discards bytes that are not those of the CID, counts it, and uses another', async () => {
    await using giver = await party()
    await using taker = await party({ blockDeadlineMs: 400 })
    const bytes = patterned(2 * MIB, 45)
    const cid = await importFiles(giver.store, { file: bytes })
    const blocks = blocksOf(bytes, { cid, bytes: await giver.store.get(cid) })
    await using liar = await liarBy(otherBytes(blocks))
    const done = await taker.store.fetch(cid, {
      shape: 'file',
      maxBytes: 3 * MIB,
      providers: [addressOf(liar.node), addressOf(giver.node)],
      timeoutMs: 15_000,
    })
    assert.equal(done.blocks, 3)
    assert.ok(liar.asked() > 0)
    assert.ok(taker.store.unansweredBy(liar.node.mesh.self) > 0)
    for (const { bytes: right } of blocks) assert.ok(!(await taker.store.has(cidOf(right.map((value) => value ^ 1)))))
  })

  // Fault 33.
  it('refuses a block above two mebibytes, and a message above four', async () => {
    await using taker = await party({ blockDeadlineMs: 400 })
    for (const [size, code] of [
      [3, 'too-large'],
      [5, 'block-missing'],
    ] as const) {
      const bytes = patterned(size * MIB, 46)
      const block = { cid: cidOf(bytes, CODEC.RAW), bytes }
      await using liar = await liarBy(oneBlockEvery(1, [block]))
      await refuses(taker, liar, block.cid, code, { shape: 'block', stallMs: 1500 })
      assert.ok(!(await taker.store.has(block.cid)))
      await liar.node.stop()
    }
  })
})

/** Blocks in their order, one each time, from the first question on. */
function oneBlockEvery(everyMs: number, blocks: readonly Block[]): Delivery {
  let isServing = false
  return async (peer, libp2p) => {
    if (isServing) return
    isServing = true
    let next = 0
    const timer = setInterval(() => {
      const block = blocks[next++]
      if (block) void sendBlocks(libp2p, peer, [block]).catch(() => {})
      else clearInterval(timer)
    }, everyMs)
  }
}
