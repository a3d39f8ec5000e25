import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeWait } from '../../../../src/rounds/wait.ts'
import { type Bench, createBench } from '../../../support/rounds/bench.ts'

/** Long after the collect window: nothing said, the base as it was, and what is waited for. */
function waits(bench: Bench, have: number): void {
  bench.fire('collect')
  assert.deepEqual(bench.said, [])
  assert.equal(bench.state.phase, 'collect')
  const wait = describeWait(bench.state)
  assert.deepEqual([wait.what, wait.have, wait.need, wait.until], ['contributions', have, 2, null])
}

function open(): Bench {
  const bench = createBench({ round: { minContributions: 2 }, manual: ['fetch-checkpoint'] })
  bench.feed({ type: 'started' })
  return bench
}

// Fault 76. A round ends when there is something to agree on; until then it says what it lacks.
describe('a round with too few contributions', () => {
  it('of none stays open and says so', () => {
    waits(open(), 0)
  })

  it('of one stays open and says so', () => {
    const bench = open()
    bench.feed({ type: 'checkpoint', id: bench.contribute('a').id, reason: null })
    waits(bench, 1)
  })

  it('of which all are refused stays open, and each has its reason', () => {
    const bench = open()
    const reasons = ['not-finite', 'header-differs', 'unavailable']
    for (const reason of reasons) bench.feed({ type: 'checkpoint', id: bench.contribute(reason).id, reason })
    waits(bench, 0)
    assert.deepEqual(
      [...bench.state.contributions.values()].map((entry) => entry.reason),
      reasons,
    )
  })

  it('goes on at the one that makes them enough', () => {
    const bench = open()
    bench.feed({ type: 'checkpoint', id: bench.contribute('a').id, reason: null })
    waits(bench, 1)
    bench.feed({ type: 'checkpoint', id: bench.contribute('b').id, reason: null })
    bench.fire('grace')
    assert.deepEqual(
      bench.sayings('list/1').map(({ contributions }) => contributions.length),
      [2],
    )
  })
})
