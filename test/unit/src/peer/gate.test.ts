import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../../src/adapters/system/clock.ts'
import { createEmitter } from '../../../../src/peer/emitter.ts'
import { createGate } from '../../../../src/peer/gate/gate.ts'
import type { Probe } from '../../../../src/peer/gate/probe.ts'
import { createTroubles } from '../../../../src/peer/troubles.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'
import { ColdmeshError, isColdmeshError } from '../../../../src/ports/errors.ts'
import type { BuildSpec } from '../../../../src/rounds/state.ts'
import { startChain } from '../../../support/history/build-chain.ts'
import { KEEPS_ALL } from '../../../support/peer/keeps-all.ts'
import { testCid } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const ROWS = { name: 'held out', labels: ['a', 'b'], examples: rows() }
const { network, facts, store } = await startChain()

function rows() {
  return Array.from({ length: 8 }, (_, i) => ({ text: `text ${i}`, label: i % 2 === 0 ? 'a' : 'b' }))
}

/** A spec with these inputs, in a network whose gate lets 0.02 pass. */
function specWith(names: readonly string[]): { readonly spec: BuildSpec; readonly idOf: (name: string) => string } {
  const bench = createBench({ gate: { maxDrop: 20_000_000 } })
  const offered = names.map((name) => bench.contribute(name))
  const { spec } = bench.base([0, 1, 2].map((member) => bench.list(member, offered)))
  return { spec, idOf: (name) => String(offered[names.indexOf(name)]?.id) }
}

/** What of a peer a gate needs. */
function createContext() {
  const { signal } = new AbortController()
  const events = createEmitter<PeerEvent>()
  const troubles = createTroubles({ events, clock: systemClock, log: nullLog })
  return { network, facts, store, keeping: KEEPS_ALL, log: nullLog, events, troubles, clock: systemClock, signal }
}

/** Judges a base; by default of two inputs with accuracies of their own. */
async function judged(options: {
  readonly after: number
  readonly alone?: Readonly<Record<string, number>>
  readonly fails?: boolean
}) {
  const { alone = { good: 0.7, bad: 0.7 } } = options
  const { spec, idOf } = specWith(Object.keys(alone))
  const context = createContext()
  const { events, troubles } = context
  const told: PeerEvent[] = []
  events.on((event) => told.push(event))
  const base = testCid('proposed')
  const probe: Probe = {
    ofBase: async (cid) => {
      if (options.fails) throw new ColdmeshError('aborted', 'Training was aborted')
      return String(cid) === String(base) ? options.after : 0.7
    },
    ofInput: async (_, { id }) => Object.entries(alone).find(([name]) => idOf(name) === String(id))?.[1] ?? 0,
  }
  const gate = createGate({ context, data: ROWS, probe: () => probe })
  const reasons: (string | null)[] = []
  const blamed: string[] = []
  gate.judge(base, spec, { judged: (reason) => reasons.push(reason), blamed: (id) => blamed.push(String(id)) })
  await gate.stop()
  return { reasons, blamed: Object.keys(alone).filter((name) => blamed.includes(idOf(name))), gate, told, troubles }
}

describe('createGate', () => {
  it('lets a base pass that is worse by no more than the network allows', async () => {
    const { reasons, blamed, gate } = await judged({ after: 0.68 })
    assert.deepEqual([reasons, blamed], [[null], []])
    assert.deepEqual(
      gate.judgements.map(({ metric, before, after, reason }) => [metric, before, after, reason]),
      [['accuracy', 0.7, 0.68, null]],
    )
  })

  it('refuses one that is worse, and blames what is as bad alone', async () => {
    const { reasons, blamed, told } = await judged({ after: 0.6, alone: { good: 0.69, bad: 0.4, worse: 0.3 } })
    assert.deepEqual(reasons, ['gate: accuracy fell by 0.100, at most 0.02'])
    assert.deepEqual(blamed, ['bad', 'worse'])
    assert.deepEqual(
      told.map(({ type }) => type),
      ['gate'],
    )
  })

  it('blames the worst when none is bad alone, so that the next round differs', async () => {
    assert.deepEqual((await judged({ after: 0.5, alone: { good: 0.7, bad: 0.69 } })).blamed, ['bad'])
  })

  it('says nothing against a base when it can’t measure, and names the trouble until it can', async () => {
    const { reasons, blamed, troubles } = await judged({ after: 0, fails: true })
    assert.deepEqual([reasons, blamed], [[null], []])
    assert.deepEqual(
      troubles.current.map(({ what }) => what),
      ['gate'],
    )
  })

  it('refuses data that nothing can be measured with', () => {
    const context = createContext()
    const data = { ...ROWS, examples: ROWS.examples.slice(0, 1) }
    assert.throws(
      () => createGate({ context, data }),
      (error) => isColdmeshError(error, 'bad-dataset'),
    )
  })
})
