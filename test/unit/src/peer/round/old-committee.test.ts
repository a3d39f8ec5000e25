import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { memoryNetwork } from '../../../../../src/adapters/memory/network.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { createFollower } from '../../../../../src/peer/round/follow.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { serveChain, startMemoryPeer } from '../../../../support/peer/memory-peer.ts'
import { ratifiedBy } from '../../../../support/protocols/amendments.ts'
import type { TestKey } from '../../../../support/protocols/network.ts'

/** Round 1 embeds an amendment that takes the first member away: from round 3 on it is none. */
let two: TestChain
let removed: TestKey
let others: readonly TestKey[]
before(async () => {
  const start = await startChain()
  const [first, ...rest] = start.net.members
  assert.ok(first)
  removed = first
  others = rest
  const amendment = ratifiedBy(start.net.members.slice(0, 3), start.net, { remove: [first.publicKey] })
  two = await addRound(await addRound(start, { amendment }), { seeds: [4, 5] })
})

/** What a peer that knows the first two rounds makes of the third. */
async function follow(third: TestChain) {
  const mesh = memoryNetwork()
  await serveChain(mesh, 'them', third)
  const peer = startMemoryPeer({ mesh, name: 'me', chain: two })
  let round = two.head.round
  const follower = createFollower({
    context: peer.context,
    head: () => two.head,
    enter: ({ head }) => {
      round = head.round
    },
    onSplit: async () => assert.fail('a liar makes no split'),
  })
  await follower.follow('them')
  const failed = peer.log.entries.find(({ event }) => event === 'sync-failed')
  return { round, error: String(failed?.fields['error'] ?? '') }
}

// fault 60
describe('a certificate of round 3, after the amendment', () => {
  it('holds when the committee that is left signed it', async () => {
    const third = await addRound(two, { seeds: [6, 7] })
    assert.deepEqual(await follow(third), { round: 3, error: '' })
  })

  it('does not hold when a quorum of the old committee signed it, the removed member among them', async () => {
    const third = await addRound(two, { seeds: [6, 7], signers: [removed, ...others.slice(0, 2)] })
    const { round, error } = await follow(third)
    assert.equal(round, 2)
    assert.match(error, /does not hold/)
  })

  it('does not hold when the removed member took the place of one', async () => {
    const third = await addRound(two, { seeds: [6, 7], signers: [removed] })
    assert.equal((await follow(third)).round, 2)
  })

  it('is refused by who verifies the base, with nothing but its files', async () => {
    for (const [signers, isValid] of [
      [[removed, ...others.slice(0, 2)], false],
      [others, true],
    ] as const) {
      const { network, store, entries } = await addRound(two, { seeds: [6, 7], signers })
      const newest = entries.at(-1)
      assert.ok(newest)
      const { base, certificate } = newest
      const report = await verifyBase({ network, store, base, certificate, level: 'signatures' })
      assert.equal(report.valid, isValid)
      if (!isValid)
        assert.deepEqual(
          report.failures.map(({ round, link }) => [round, link]),
          [[3, 'certificate']],
        )
    }
  })
})
