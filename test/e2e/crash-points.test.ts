import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'

/** `after-journal` is durable and unsaid, `after-send` is said. The simulator of `test/unit/src/rounds` tries every step. */
const POINTS = [
  'after-journal:list',
  'after-journal:proposal',
  'after-send:prevote',
  'after-journal:precommit',
] as const

// docs/reliability.md: fault 47 (kill -9), invariant S5.
describe('a member killed while it speaks', () => {
  for (const point of POINTS) {
    it(`comes back, votes, and contradicts nothing: ${point}`, async () => {
      const round = { collectMs: 1_500, graceMs: 1_500, viewTimeoutMs: 3_000 }
      // Three members: a quorum is all of them, so the round can't end before the killed one speaks again.
      await using network = await createTestNetwork({ members: 3, round })
      const victim = network.peers.find(({ name }) => name === network.rank(1)[0])
      assert.ok(victim)
      const daemons = await network.startAll(({ name }) => ({
        rounds: 20,
        env: name === victim.name ? { COLDMESH_CRASH_AT: point } : {},
      }))
      const killed = daemons.find(({ name }) => name === victim.name)
      assert.equal((await killed?.ended)?.signal, 'SIGKILL')

      const back = await network.start(victim, { rounds: 20 })
      const everyone = [...daemons.filter((daemon) => daemon !== killed), back]
      const isVote = ({ event, step, base }: DaemonEvent) => event === 'voted' && step === 'precommit' && base !== null
      const vote = await back.event(isVote, 'a vote of the restarted member', 90_000)
      // A precommit that is in the journal is said again, not voted anew: its next vote is in the next round.
      assert.equal(vote['round'], point.endsWith('precommit') ? 2 : 1)
      const isThatRound = (event: DaemonEvent) => event.event === 'fused' && event['round'] === vote['round']
      const fused = await Promise.all(everyone.map((daemon) => daemon.event(isThatRound, 'that round')))
      assert.equal(new Set(fused.map(({ base }) => base)).size, 1)
      const bad = everyone.flatMap(({ events }) =>
        events.filter(({ event }) => event === 'evidence' || event === 'muted'),
      )
      assert.deepEqual(bad, [])
    })
  }
})
