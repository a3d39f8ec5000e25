import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { encode } from '@ipld/dag-cbor'
import { readChain } from '../../src/peer/chain.ts'
import { findContradictions } from '../support/audit/contradictions.ts'
import { type CrashPoint, crashAt, recordSteps } from '../support/e2e/crash-loop.ts'
import type { DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'
import { startWitness } from '../support/e2e/witness.ts'

const QUORUM = 3
/** What each round writes. The steps of making a single file are each tried by test/unit/src/adapters/files/power-cut.test.ts. */
const LABELS = /^journal |^chain (write|sync)$|^blocks (write|rename|sync-directory)$/

/**
 * One kill after each kind of step that the recording saw, one in the middle of each kind of record, one late in a round
 * (the first block is a download, the last the fused base), and one after each kind of vote.
 */
function pointsOf(trace: readonly string[]): readonly CrashPoint[] {
  const labels = [...new Set(trace)].filter((label) => LABELS.test(label))
  const once = labels.map((label) => ({ label, nth: 1 }))
  const torn = ['journal write', 'chain write'].map((label) => ({ label, nth: 1, torn: true }))
  return [...once, ...torn, { label: 'blocks rename', nth: 9 }, { said: 'prevote' }, { said: 'precommit' }]
}

/** Every single step of a start and two rounds, one kill each: COLDMESH_CRASH_STEPS=all, about an hour. */
function allPoints(trace: readonly string[]): readonly CrashPoint[] {
  return trace.map((_, i) => ({ step: i + 1 }))
}

// docs/reliability.md: fault 47 (kill -9 after each step), invariant S5.
describe('a member killed at every kind of step', () => {
  it('comes back each time, contradicts nothing, ends with the others at one head, and leaves nothing half written', async (t) => {
    const round = { minContributions: 1, maxContributions: 4, collectMs: 1_000, graceMs: 200, viewTimeoutMs: 1_500 }
    await using network = await createTestNetwork({ members: 4, round })
    const [founder, second, third, victim] = network.peers
    assert.ok(founder && second && third && victim)
    const first = await network.start(founder, { rounds: 100_000 })
    const invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])
    const survivors = [first, await network.start(second, { invite }), await network.start(third, { invite })]
    await using witness = await startWitness(invite)
    const options = { invite }

    const trace = await recordSteps(network, victim, options)
    const points = process.env['COLDMESH_CRASH_STEPS'] === 'all' ? allPoints(trace) : pointsOf(trace)
    assert.ok(points.length > 12, `${points.length} points`)
    t.diagnostic(`${points.length} points: ${JSON.stringify(points)}`)
    const { journaled, chains } = await crashAt(network, victim, points, options)

    const back = await network.start(victim, options)
    const everyone = [...survivors, back]
    const isVote = ({ event, step, base }: DaemonEvent) => event === 'voted' && step === 'precommit' && base !== null
    const vote = await back.event(isVote, 'a vote of the restarted member', 90_000)
    const isNext = ({ event, round }: DaemonEvent) => event === 'fused' && Number(round) >= Number(vote['round'])
    const next = await back.event(isNext, 'the round of the vote, or one after it')
    const isThatRound = (event: DaemonEvent) => event.event === 'fused' && event['round'] === next['round']
    const fused = await Promise.all(everyone.map((daemon) => daemon.event(isThatRound, 'that round')))
    assert.equal(new Set(fused.map(({ base }) => base)).size, 1, 'one head')
    const complaints = everyone.flatMap(({ events }) =>
      events.filter(({ event }) => event === 'evidence' || event === 'muted'),
    )
    assert.deepEqual(complaints, [])

    const agreed = (await readChain(join(founder.dataDir, 'chain'))).entries.map(({ base }) => String(base))
    for (const [i, chain] of chains.entries())
      assert.deepEqual(
        chain,
        agreed.slice(0, chain.length),
        `old or new head, never another: ${JSON.stringify(points[i])}`,
      )
    assert.ok(journaled.length > 0 && witness.heard.length > 0)
    assert.deepEqual(findContradictions([...witness.heard, ...journaled], QUORUM), [])

    await back.stop()
    const files = await readdir(victim.dataDir, { recursive: true })
    assert.deepEqual(
      files.filter((name) => name.endsWith('.tmp')),
      [],
    )
    assert.deepEqual(await readdir(join(victim.dataDir, 'blocks', 'files', 'making')).catch(() => []), [])
  })
})

describe('the check for contradictions', () => {
  const author = new Uint8Array(32).fill(1)
  const signed = (fields: Readonly<Record<string, unknown>>) =>
    encode({ payload: encode({ author, round: 1, ...fields }), signature: new Uint8Array(64) })
  const vote = (kind: string, view: number, base: string | null) => signed({ kind, view, base })

  it('sees two votes in one view, a list that takes back, and a vote against a lock', () => {
    const wrong: readonly (readonly [RegExp, readonly Uint8Array[]])[] = [
      [/2 different/, [vote('prevote/1', 0, 'a'), vote('prevote/1', 0, null)]],
      [
        /takes back/,
        [
          signed({ kind: 'list/1', seq: 0, contributions: ['x'] }),
          signed({ kind: 'list/1', seq: 1, contributions: [] }),
        ],
      ],
      [/against its lock/, [vote('precommit/1', 0, 'a'), vote('prevote/1', 1, 'b')]],
    ]
    for (const [what, envelopes] of wrong) assert.match(String(findContradictions(envelopes, QUORUM)), what)
  })

  it('takes the same vote twice, votes of several views, and a lock that is kept or lifted', () => {
    const others = [2, 3, 4].map((i) =>
      signed({ kind: 'prevote/1', view: 1, base: 'b', author: new Uint8Array(32).fill(i) }),
    )
    const right = [
      vote('precommit/1', 0, 'a'),
      vote('prevote/1', 0, 'a'),
      vote('prevote/1', 0, 'a'),
      vote('prevote/1', 2, 'b'),
    ]
    assert.deepEqual(findContradictions([...right, ...others], QUORUM), [])
  })
})
