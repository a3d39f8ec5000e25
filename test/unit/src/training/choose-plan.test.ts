import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TrainingPlan } from '../../../../src/ports/trainer.ts'
import { choosePlan, type PlanFacts } from '../../../../src/training/choose-plan.ts'
import type { RecipeName } from '../../../../src/training/recipes.ts'

const SMALL: PlanFacts = {
  rows: 1_600,
  weights: 5_000_000,
  tokens: [...Array(98).fill(20), 40, 500],
  longest: 512,
  fits: () => true,
}
const choose = (facts: Partial<PlanFacts>, recipe: RecipeName = 'auto', changes: Partial<TrainingPlan> = {}) =>
  choosePlan({ ...SMALL, ...facts }, { recipe, changes })

describe('choosePlan', () => {
  it('takes the recipe by the size of the model, unless one is asked for', () => {
    assert.equal(choose({}).recipe, 'small')
    assert.equal(choose({ weights: 110_000_000 }).recipe, 'standard')
    assert.equal(choose({ weights: 110_000_000 }).plan.learningRate, 5e-5)
    assert.equal(choose({ weights: 110_000_000 }, 'small').recipe, 'small')
  })

  it('takes as many steps as three passes need, within limits, and evaluates ten times', () => {
    const { plan } = choose({})
    assert.deepEqual([plan.steps, plan.batch, plan.accumulation, plan.evaluateEvery], [150, 32, 1, 15])
    assert.equal(choose({ rows: 60 }).plan.steps, 50)
    assert.equal(choose({ rows: 1e6 }).plan.steps, 400)
    assert.equal(choose({ rows: 1e6 }, 'standard').plan.steps, 5_000)
  })

  it('cuts at the bucket of the 99th percentile, at most at what the model takes, and says how many rows that cuts', () => {
    const { plan, truncated } = choose({})
    assert.deepEqual([plan.maxTokens, truncated], [64, 0.01])
    assert.equal(choose({ tokens: Array(50).fill(500), longest: 500 }).plan.maxTokens, 500)
    const unknown = choose({ tokens: [] })
    assert.deepEqual([unknown.plan.maxTokens, unknown.truncated], [64, null])
  })

  it('halves the batch until it fits, and accumulates what is missing of the step', () => {
    const { plan } = choose({ fits: ({ batch }) => batch <= 8 })
    assert.deepEqual([plan.batch, plan.accumulation, plan.steps], [8, 4, 150])
    const least = choose({ fits: () => false }).plan
    assert.deepEqual([least.batch, least.accumulation], [1, 32])
    assert.equal(choose({ rows: 20 }).plan.batch, 16)
  })

  it("has the paper's plan: 256 examples a step, linear decay of 0.0006, the end after 256 thousand without a gain", () => {
    const { plan } = choose({ weights: 125_000_000, fits: ({ batch }) => batch <= 16 }, 'paper')
    assert.deepEqual([plan.learningRate, plan.batch * plan.accumulation, plan.batch], [5e-5, 256, 16])
    assert.deepEqual([plan.schedule, plan.warmup, plan.steps], ['paper', 0, 1_667])
    assert.deepEqual([plan.patienceExamples, plan.minGain], [256_000, 0.001])
  })

  it("takes the paper's rate for T5, whatever the recipe, unless one is given", () => {
    const rateOf = (recipe: RecipeName, changes = {}) =>
      choose({ weights: 220_000_000, textToText: true }, recipe, changes).plan.learningRate
    assert.deepEqual([rateOf('auto'), rateOf('small'), rateOf('paper')], [4e-4, 4e-4, 4e-4])
    assert.equal(rateOf('auto', { learningRate: 1e-3 }), 1e-3)
  })

  it('leaves what is given', () => {
    const given = { steps: 7, batch: 4, maxTokens: 128, learningRate: 1e-3, evaluateEvery: 0 }
    const { plan } = choose({ fits: () => false }, 'auto', given)
    assert.deepEqual({ ...plan, ...given }, plan)
    assert.equal(plan.accumulation, 1)
    const timed = choose({}, 'auto', { maxSeconds: 60 }).plan
    assert.ok(timed.maxSeconds === 60 && timed.steps > 1_000_000)
    assert.throws(() => choose({}, 'auto', { steps: 0 }), /steps/)
  })
})
