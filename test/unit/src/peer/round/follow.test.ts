import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { memoryNetwork } from '../../../../../src/adapters/memory/network.ts'
import { createFollower } from '../../../../../src/peer/round/follow.ts'
import { createRoundLoop } from '../../../../../src/peer/round/loop.ts'
import type { Split } from '../../../../../src/peer/split.ts'
import { openSplits } from '../../../../../src/peer/splits.ts'
import type { Head } from '../../../../../src/rounds/state.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { type MemoryPeer, serveChain, startMemoryPeer } from '../../../../support/peer/memory-peer.ts'

const dir = temporaryDirectory()

async function grow(chain: TestChain, rounds: number, seeds: readonly number[]): Promise<TestChain> {
  if (rounds === 0) return chain
  // Other checkpoints in every round: the same again would be replays.
  const next = await addRound(chain, { seeds: seeds.map((seed) => seed + 10 * chain.head.round) })
  return await grow(next, rounds - 1, seeds)
}

let common: TestChain
/** Five rounds, and as many that part from them after the second: what a lying quorum can certify. */
let ours: TestChain
let other: TestChain
before(async () => {
  common = await grow(await startChain(), 2, [1, 2])
  ours = await grow(common, 3, [3, 4])
  other = await grow(common, 3, [5, 6])
})

const upTo = (chain: TestChain, round: number): TestChain => ({ ...chain, entries: chain.entries.slice(0, round) })

/** What a peer at `head` of a chain makes of another that serves a chain. */
async function meet(mine: TestChain, head: Head, theirs: TestChain) {
  const mesh = memoryNetwork()
  await serveChain(mesh, 'them', theirs)
  const peer = startMemoryPeer({ mesh, name: 'me', chain: mine })
  const splits: Split[] = []
  let now = head
  const follower = createFollower({
    context: peer.context,
    head: () => now,
    enter: (checked) => {
      now = checked.head
    },
    onSplit: async (split) => {
      splits.push(split)
    },
  })
  await follower.follow('them')
  return { peer, follower, splits, bases: peer.chain.entries.map(({ base }) => String(base)), round: () => now.round }
}

const basesOf = ({ entries }: TestChain) => entries.map(({ base }) => String(base))
const failures = ({ log }: MemoryPeer) => log.entries.filter(({ event }) => event === 'sync-failed')

// fault 83
describe('a peer that meets another chain', () => {
  it('follows its own as far as it goes, and finds no split', async () => {
    const { bases, splits, round } = await meet(common, common.head, ours)
    assert.deepEqual([bases, splits, round()], [basesOf(ours), [], 5])
  })

  it('keeps its head when both are at one round, and finds where they parted', async () => {
    const { bases, splits } = await meet(ours, ours.head, other)
    assert.deepEqual(bases, basesOf(ours))
    assert.deepEqual(
      splits.map((split) => [split.round, String(split.ours.base), String(split.theirs.base)]),
      [[3, basesOf(ours)[2], basesOf(other)[2]]],
    )
  })

  it('finds it in the past when the other chain is longer, and takes over nothing of it', async () => {
    const short = await grow(common, 1, [3, 4])
    const { bases, splits, round } = await meet(short, short.head, other)
    assert.deepEqual([bases, round()], [basesOf(short), 3])
    assert.deepEqual(
      splits.map((split) => split.round),
      [3],
    )
  })

  it('finds it when the other chain is shorter, and asks that peer no more', async () => {
    const { follower, splits } = await meet(ours, ours.head, upTo(other, 4))
    await follower.follow('them')
    assert.deepEqual(
      splits.map((split) => split.round),
      [3],
    )
  })

  it('believes no certificate that does not hold: a liar makes no split', async () => {
    const entries = other.entries.map((entry, i) => ({
      ...entry,
      certificate: i < 2 ? entry.certificate : entry.certificate.map((byte, at) => (at === 200 ? byte ^ 1 : byte)),
    }))
    for (const mine of [ours, await grow(common, 1, [3, 4])]) {
      const { bases, splits, peer } = await meet(mine, mine.head, { ...other, entries })
      assert.deepEqual([bases, splits], [basesOf(mine), []])
      assert.equal(failures(peer).length, 1)
    }
  })
})

// fault 83
describe('a member that met a split', () => {
  async function start(name: string, chain: TestChain, theirs: TestChain | null) {
    const mesh = memoryNetwork()
    if (theirs !== null) await serveChain(mesh, 'them', theirs)
    const key = chain.net.members[0]
    assert.ok(key)
    const peer = startMemoryPeer({ mesh, name: 'me', chain, key, dataDir: join(dir, name) })
    const accused: string[] = []
    const evidence = {
      store: async ({ message }: { message: { author: Uint8Array } }) => {
        accused.push(chain.network.nameOf(message.author))
      },
    }
    const splits = await openSplits({ ...peer.context, evidence })
    const mismatches = { record: async () => {} }
    const loop = createRoundLoop({
      context: peer.context,
      head: chain.head,
      evidence,
      splits,
      mismatches,
      gate: null,
      muted: null,
      onRound: () => {},
    })
    loop.start()
    await loop.syncWith('them')
    peer.stop()
    await loop.stop()
    return { peer, splits, loop, accused }
  }

  it('says so, names who signed both, signs nothing, and keeps its head; after a restart too', async () => {
    const { peer, splits, loop, accused } = await start('met', ours, other)
    const names = ours.net.members.slice(0, ours.network.quorum).map(({ name }) => name)
    assert.equal(loop.state.head.base, ours.head.base)
    assert.match(loop.muted ?? '', /two certified bases of round 3/)
    assert.deepEqual([...(splits.status?.members ?? [])].sort(), [...names].sort())
    assert.deepEqual([...accused].sort(), [...names].sort(), 'both precommits of one view are evidence')
    const told = peer.told.filter(({ type }) => type === 'split' || type === 'muted')
    assert.deepEqual(
      told.map(({ type }) => type),
      ['split', 'muted'],
    )
    const again = await start('met', ours, null)
    assert.match(again.loop.muted ?? '', /two certified bases of round 3/)
    assert.deepEqual(again.splits.status, splits.status)
  })

  it('votes where it met none', async () => {
    const { loop, splits } = await start('none', ours, ours)
    assert.deepEqual([loop.muted, splits.status], [null, null])
  })

  it('does not start with a note of a split that it cannot read: it must not be forgotten', async () => {
    await start('damaged', ours, other)
    await writeFile(join(dir, 'damaged', 'split'), 'x')
    await assert.rejects(start('damaged', ours, null), /saw two certified bases of one round/)
  })
})
