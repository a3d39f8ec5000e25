import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'

// docs/reliability.md: faults 47 and 77 (kill -9 of the aggregator), invariants L4 and S5.
describe('a killed aggregator', () => {
  it('costs one view: the next in rank proposes the same inputs, and the killed one comes back and votes', async () => {
    await using network = await createTestNetwork({ members: 4 })
    const [victim, heir] = network.rank(1)
    assert.ok(victim && heir)
    const daemons = await network.startAll((peer) => ({
      rounds: 10,
      env: peer.name === victim ? { COLDMESH_CRASH_AT: 'before-journal:proposal' } : {},
    }))
    const killed = daemons.find(({ name }) => name === victim)
    const survivors = daemons.filter(({ name }) => name !== victim)
    assert.ok(killed)

    assert.equal((await killed.ended).signal, 'SIGKILL')
    const listedBefore = killed.events.filter(({ event, round }) => event === 'listed' && round === 1)
    assert.ok(new Set(listedBefore.map(({ by }) => by)).size >= 3, 'it had a quorum of lists')
    const fused = await Promise.all(
      survivors.map((daemon) =>
        daemon.event(({ event, round }) => event === 'fused' && round === 1, 'the base of round 1'),
      ),
    )
    assert.equal(new Set(fused.map(({ base }) => base)).size, 1)
    for (const { view, aggregator, inputs } of fused) {
      assert.ok(Number(view) >= 1, 'a later view')
      if (view === 1) assert.equal(aggregator, heir)
      assert.deepEqual(inputs, inputsOfQuorum(listedBefore), 'the inputs that the killed one would have proposed')
    }

    const peer = network.peers.find(({ name }) => name === victim)
    assert.ok(peer)
    const back = await network.start(peer, { rounds: 10 })
    const everyone = [...survivors, back]
    const isVote = ({ event, step, base }: DaemonEvent) => event === 'voted' && step === 'precommit' && base !== null
    const { round, base } = await back.event(isVote, 'a vote of the restarted member', 90_000)
    assert.ok(Number(round) >= 2, 'in a later round')
    const isThatRound = (event: DaemonEvent) => event.event === 'fused' && event['round'] === round
    const next = await Promise.all(everyone.map((daemon) => daemon.event(isThatRound, 'that round')))
    assert.deepEqual([...new Set(next.map((event) => event['base']))], [base])
    assert.ok(
      everyone.every(({ events }) => !events.some(({ event }) => event === 'evidence')),
      'nobody contradicted itself',
    )
  })
})

/** What every list had in common when the aggregator was killed. */
function inputsOfQuorum(listed: readonly Readonly<Record<string, unknown>>[]): string[] {
  const lists = new Map<unknown, Set<string>>()
  for (const { by, contributions } of listed)
    lists.set(by, new Set(Array.isArray(contributions) ? contributions.map(String) : []))
  const counts = new Map<string, number>()
  for (const list of lists.values()) for (const id of list) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [...counts].filter(([, count]) => count >= 2).map(([id]) => id)
}
