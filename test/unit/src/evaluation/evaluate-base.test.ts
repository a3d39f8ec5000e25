import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { evaluateBase } from '../../../../src/engines/evaluate-base.ts'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { digestPlan, EVALUATION_MODES, evaluationPlan } from '../../../../src/evaluation/plans.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import type { Model } from '../../../../src/ports/trainer.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { splitExamples } from '../../../../src/training/split.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

describe('evaluateBase', async () => {
  const trainer = await createTrainer({ threads: 1 })
  after(() => trainer.stop())
  const model = tinyModel()
  const all = sentenceDataset()
  const { training, validation: test } = splitExamples(all.examples, { fraction: 0.3, seed: 1 })
  const task = { name: 'sentences', train: { ...all, examples: training }, test }
  const plan = { steps: 40, learningRate: 2e-3 }

  const { body } = await trainer.train({
    model,
    head: null,
    dataset: task.train,
    plan: completePlan({ ...plan, steps: 90 }),
  })
  const trained = { ...model, body }

  for (const mode of EVALUATION_MODES) {
    it(`learns a task in ${mode} mode with three seeds, and scores the test rows`, async () => {
      const seen: number[] = []
      const result = await evaluateBase({
        trainer,
        // A head alone learns nothing from the features of random weights.
        model: mode === 'frozen' ? trained : model,
        task,
        mode,
        seeds: [1, 2, 3],
        plan,
        onProgress: ({ seed }) => seen.push(seed),
      })
      assert.equal(result.values.length, 3)
      assert.ok(result.mean > result.majority + 0.1, JSON.stringify(result))
      assert.ok(result.standardError >= 0 && result.standardError < 0.3)
      assert.equal(result.testRows, test.length)
      assert.equal(result.rows <= training.length, true)
      if (mode === 'few-shot') assert.equal(result.rows, 100)
      assert.deepEqual([...new Set(seen)], [1, 2, 3])
      assert.equal(result.plan.mode, mode === 'frozen' ? 'frozen' : 'full')
    })
  }

  it('scores a base that has learned the task higher than one that has not, by a head alone', async () => {
    const run = (base: Model) => evaluateBase({ trainer, model: base, task, mode: 'frozen', seeds: [1, 2], plan })
    const [before, afterwards] = [await run(model), await run(trained)]
    assert.ok(afterwards.mean > before.mean + 0.1, `${before.mean} ${afterwards.mean}`)
  })

  it('gives the same for the same seed, whatever other seeds there are', async () => {
    const run = (seeds: readonly number[]) => evaluateBase({ trainer, model, task, mode: 'few-shot', seeds, plan })
    const [alone, both] = [await run([5]), await run([4, 5])]
    assert.equal(alone.values[0], both.values[1])
  })

  it('refuses no seeds, repeated seeds, no test rows and labels that only the test rows have', async () => {
    const run = (changes: object) => evaluateBase({ trainer, model, task, mode: 'frozen', seeds: [1], ...changes })
    await assert.rejects(run({ seeds: [] }), (error) => isColdmeshError(error, 'bad-input'))
    await assert.rejects(run({ seeds: [1, 1] }), (error) => isColdmeshError(error, 'bad-input'))
    await assert.rejects(run({ task: { ...task, test: [] } }), (error) => isColdmeshError(error, 'bad-dataset'))
    const strange = [...test, { text: 'a', label: 'strange' }]
    await assert.rejects(run({ task: { ...task, test: strange } }), (error) => isColdmeshError(error, 'bad-dataset'))
  })

  it('stops when the signal aborts', async () => {
    const run = evaluateBase({ trainer, model, task, mode: 'full', seeds: [1], signal: AbortSignal.abort() })
    await assert.rejects(run, (error) => isColdmeshError(error, 'aborted'))
  })
})

describe('digestPlan', () => {
  it('is the same for all seeds of a budget, and another for another budget', () => {
    const digest = (steps: number, seed: number) => Buffer.from(digestPlan(evaluationPlan('full', { steps }, seed)))
    assert.deepEqual(digest(10, 1), digest(10, 2))
    assert.notDeepEqual(digest(10, 1), digest(11, 1))
    assert.notDeepEqual(digestPlan(evaluationPlan('frozen', {}, 1)), digestPlan(evaluationPlan('full', {}, 1)))
  })
})
