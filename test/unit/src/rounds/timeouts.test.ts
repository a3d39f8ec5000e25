import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { genesisHead } from '../../../../src/rounds/head.ts'
import { networkFacts } from '../../../../src/rounds/network.ts'
import { createRound } from '../../../../src/rounds/reduce.ts'
import { lineageWaitMs, stepTimeoutMs } from '../../../../src/rounds/timeouts.ts'
import { testCid, testNetwork } from '../../../support/protocols/network.ts'

function timeoutMs(view: number, emptyRounds: number, bytes = 1000): number {
  const net = testNetwork({
    bytes,
    round: { viewTimeoutMs: 100, minBytesPerSecond: 1000, maxContributions: 3, historyRounds: 16 },
  })
  const facts = networkFacts(net.network, net.genesis)
  const genesis = genesisHead(facts, testCid('weights', 'file'))
  const empties = Array.from({ length: emptyRounds }, (_, i) => ({
    ...genesis,
    round: emptyRounds - i,
    base: testCid(`empty ${emptyRounds - i}`),
    isEmpty: true,
  }))
  const [head = genesis] = empties.map((empty) => ({
    ...empty,
    history: [...empties, ...genesis.history].slice(0, 16),
  }))
  const state = createRound({ head, self: null, now: 0 })
  return stepTimeoutMs(state, view)
}

// protocol.md 4.7
describe('stepTimeoutMs', () => {
  it('grows with the view, and leaves time for the bytes of all inputs and of the base', () => {
    assert.equal(timeoutMs(0, 0), 100 + 5000)
    assert.equal(timeoutMs(3, 0), 400 + 5000)
    assert.equal(timeoutMs(0, 0, 10_000), 100 + 50_000)
  })

  it('doubles after each empty round just before, up to 64 times', () => {
    assert.equal(timeoutMs(0, 1), 2 * 5100)
    assert.equal(timeoutMs(0, 3), 8 * 5100)
    assert.equal(timeoutMs(0, 6), 64 * 5100)
    assert.equal(timeoutMs(0, 9), 64 * 5100)
  })
})

// fault 25: links slower than view 0 allows for; fault 77: an aggregator that withholds its lineage.
describe('lineageWaitMs', () => {
  const { network, genesis } = testNetwork({ bytes: 1000, round: { viewTimeoutMs: 100, minBytesPerSecond: 1_000_000 } })
  const head = genesisHead(networkFacts(network, genesis), testCid('weights', 'file'))
  const state = createRound({ head, self: null, now: 0 })
  const { members, quorum } = state.network

  it('is never less than the step of view 0, and grows with the view without end', () => {
    const waits = [0, 1, 5, 50, 500].map((view) => lineageWaitMs(state, view))
    assert.equal(waits[0], stepTimeoutMs(state, 0))
    assert.equal(lineageWaitMs(state, -1), stepTimeoutMs(state, 0))
    assert.ok(Number(waits[2]) > Number(waits[0]) && Number(waits[4]) > 10 * Number(waits[2]))
  })

  it('leaves a late view room for f + 1 members, one of them honest', () => {
    const honest = members.length - quorum + 1
    for (const view of [5, 50]) assert.ok(honest * lineageWaitMs(state, view) <= stepTimeoutMs(state, view) + 1)
  })
})
