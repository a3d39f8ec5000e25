import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createEarlyStopping, patienceOf } from '../../../../src/training/early-stopping.ts'
import { completePlan } from '../../../../src/training/plan.ts'

function observe(options: { patience: number; minGain: number }, accuracies: readonly number[]) {
  const stopping = createEarlyStopping(options)
  return accuracies.map((accuracy) => stopping.observe(accuracy))
}

describe('createEarlyStopping', () => {
  it('stops after patience evaluations without the gain', () => {
    const verdicts = observe({ patience: 2, minGain: 0.01 }, [0.5, 0.6, 0.605, 0.6])
    assert.deepEqual(
      verdicts.map(({ stop }) => stop),
      [false, false, false, true],
    )
  })

  it('waits anew after a gain, small gains adding up', () => {
    const verdicts = observe({ patience: 2, minGain: 0.01 }, [0.5, 0.506, 0.512, 0.512, 0.512])
    assert.deepEqual(
      verdicts.map(({ stop }) => stop),
      [false, false, false, false, true],
    )
  })

  it('calls the highest so far best, the later of equals', () => {
    const verdicts = observe({ patience: 9, minGain: 0.1 }, [0.5, 0.51, 0.4, 0.51, 0.5])
    assert.deepEqual(
      verdicts.map(({ best }) => best),
      [true, true, false, true, false],
    )
  })

  it('counts equal accuracy as no gain when no gain is asked for', () => {
    const verdicts = observe({ patience: 2, minGain: 0 }, [0.5, 0.5, 0.5])
    assert.deepEqual(
      verdicts.map(({ stop }) => stop),
      [false, false, true],
    )
  })

  it('never stops with a patience of 0', () => {
    assert.ok(observe({ patience: 0, minGain: 0.1 }, Array(50).fill(0.5)).every(({ stop }) => !stop))
  })
})

describe('patienceOf', () => {
  it('counts examples in evaluations, of batches no larger than the rows', () => {
    const plan = completePlan({ batch: 32, accumulation: 8, evaluateEvery: 100, patienceExamples: 256_000 })
    assert.equal(patienceOf(plan, 1_000_000), 10)
    assert.equal(patienceOf(plan, 8), 40)
    assert.equal(patienceOf({ ...plan, patienceExamples: 1 }, 100), 1)
  })

  it("is the plan's own otherwise", () => {
    assert.equal(patienceOf(completePlan({ patience: 7 }), 100), 7)
  })
})
