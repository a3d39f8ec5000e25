import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Saying } from '../../../../src/rounds/events.ts'
import { createRound, reduce } from '../../../../src/rounds/reduce.ts'
import type { RoundState } from '../../../../src/rounds/state.ts'
import { createSimulation } from '../../../sim/create-simulation.ts'
import { createBench } from '../../../support/rounds/bench.ts'
import { signSaying } from '../../../support/rounds/speech.ts'

/** Every field with its identity: maps and sets by what is in them. */
function snapshot(state: RoundState): readonly (readonly [string, unknown])[] {
  return Object.entries(state).map(([name, value]: [string, unknown]) => {
    if (value instanceof Map || value instanceof Set) return [name, [...value]] as const
    return [name, value] as const
  })
}

function sameAs(before: ReturnType<typeof snapshot>, after: ReturnType<typeof snapshot>): boolean {
  return before.every(([name, value], i) => isSame(value, after[i]?.[1], name))
}

function isSame(a: unknown, b: unknown, name: string): boolean {
  if (a === b) return true
  if (!Array.isArray(a) || !Array.isArray(b)) throw new Error(`${name} was replaced`)
  return a.length === b.length && a.every((item, i) => isSame(item, b[i], name))
}

describe('reduce', () => {
  it('never changes the state that it is given', () => {
    let steps = 0
    const simulation = createSimulation({
      seed: 3,
      machine: {
        createRound,
        reduce: (state, event) => {
          const before = snapshot(state)
          const step = reduce(state, event)
          assert.ok(sameAs(before, snapshot(state)), event.type)
          steps++
          return step
        },
      },
    })
    simulation.start()
    for (const name of ['a', 'b', 'c']) simulation.contribute(name)
    assert.ok(simulation.run(60_000, () => simulation.isDecided()))
    assert.ok(steps > 50)
  })

  it('gives equal effects for equal states and events', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    const state = bench.state
    const signed = bench.contribution('a')
    const [one, two] = [1, 2].map(() => reduce(state, { type: 'received', signed, now: 5 }))
    assert.deepEqual(one?.effects, two?.effects)
    assert.equal(one?.effects.length, 1)
  })

  it('ignores timers, builds and bytes that nobody asked for', () => {
    const bench = createBench()
    const a = bench.contribution('a')
    bench.feed({ type: 'timer', name: 'nonsense' })
    bench.feed({ type: 'checkpoint', id: a.id, reason: null })
    bench.feed({ type: 'lineage', cid: a.id, bytes: new Uint8Array(3) })
    bench.feed({ type: 'built', key: 'unknown', base: a.id, lineage: a.id })
    assert.deepEqual(bench.effects, [])
    assert.equal(bench.state.contributions.size, 0)
    assert.equal(bench.state.lineages.size, 0)
  })

  // What is said late is durable late: by then the round may be another one.
  it('takes no message of another round, its own included', () => {
    const bench = createBench({ head: (head) => ({ ...head, round: 1, certificate: new Uint8Array() }) })
    const own = bench.members.at(-1)
    assert.ok(own)
    const parent = bench.state.head.base
    const said: readonly Saying[] = [
      { kind: 'precommit/1', round: 1, view: 0, base: parent },
      { kind: 'list/1', round: 1, parent, seq: 0, contributions: [] },
    ]
    for (const saying of said) {
      bench.feed({ type: 'received', signed: signSaying(saying, own, bench.facts.id) })
    }
    const { precommits, lists, reached } = bench.state
    assert.deepEqual([precommits.size, lists.size, reached.size], [0, 0, 0])
  })
})
