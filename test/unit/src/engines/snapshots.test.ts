import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import type { TrainingPlan, TrainingResult, TrainingSnapshot } from '../../../../src/ports/trainer.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const PLAN: TrainingPlan = completePlan({
  ...{ steps: 12, batch: 8, accumulation: 2, learningRate: 1e-3, weightDecay: 0.1 },
  ...{ evaluateEvery: 4, patience: 3, seed: 5, maxTokens: 16 },
})
const model = tinyModel({ dropout: 0.1 })
const onnx = await createTrainer({ engine: 'onnx', threads: 1 })
const tfjs = await createTrainer({ engine: 'tfjs-wasm' })
after(() => Promise.all([onnx.stop(), tfjs.stop()]))

const CASES = [
  ['everything learns', onnx, {}],
  ['a head alone', onnx, { mode: 'frozen' }],
  ['a layer is frozen', onnx, { freeze: 1 }],
  ['within a time that fixes the steps', onnx, { maxSeconds: 1_000 }],
  ['with TensorFlow.js, a layer frozen', tfjs, { freeze: 1, steps: 6, evaluateEvery: 3 }],
] as const

interface Training {
  readonly result: TrainingResult
  readonly snapshots: readonly TrainingSnapshot[]
  /** The step it went on from; null when it began anew. */
  readonly resumed: number | null
}

/** Trains; `snapshot` is what an earlier process left. */
async function train(
  plan: TrainingPlan,
  snapshot?: TrainingSnapshot,
  { other = model, trainer = onnx } = {},
): Promise<Training> {
  const snapshots: TrainingSnapshot[] = []
  let resumed: number | null = null
  const result = await trainer.train({
    model: other,
    head: null,
    dataset: sentenceDataset(),
    plan,
    snapshotEveryMs: 0,
    onSnapshot: (taken) => snapshots.push(taken),
    onProgress: ({ step, isResumed }) => {
      if (isResumed) resumed = step
    },
    ...(snapshot === undefined ? {} : { snapshot }),
  })
  return { result, snapshots, resumed }
}

const bytesOf = ({ body, head }: TrainingResult) =>
  [...body, ...head.weights].map(
    ({ name, data }) => `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`,
  )

// docs/reliability.md: a contributor that is killed while it trains.
describe('a training snapshot', () => {
  for (const [what, trainer, changes] of CASES) {
    it(`leads to the same bytes as a training without a break: ${what}`, async () => {
      const plan: TrainingPlan = { ...PLAN, ...changes }
      const whole = await trainer.train({ model, head: null, dataset: sentenceDataset(), plan })
      const { result, snapshots, resumed } = await train(plan, undefined, { trainer })
      assert.equal(resumed, null)
      assert.deepEqual(bytesOf(result), bytesOf(whole), 'taking snapshots changes nothing')
      assert.ok(snapshots.length >= 2, 'there are snapshots')
      // Between two evaluations, after one, and the last.
      const chosen = new Set([snapshots[0], snapshots.find(({ step }) => step > plan.evaluateEvery), snapshots.at(-1)])
      for (const snapshot of chosen) {
        assert.ok(snapshot)
        const again = await train(plan, snapshot, { trainer })
        assert.equal(again.resumed, snapshot.step)
        assert.ok(
          again.snapshots.every(({ step }) => step > snapshot.step),
          'nothing is done twice',
        )
        assert.deepEqual(bytesOf(again.result), bytesOf(whole), `from step ${snapshot.step}`)
        assert.deepEqual(again.result.validation, whole.validation)
        assert.equal(again.result.steps, whole.steps)
      }
    })
  }

  it('is ignored, and the training begins anew, when it is of another training or damaged', async () => {
    const plan = { ...PLAN, mode: 'frozen' as const }
    const { result, snapshots } = await train(plan)
    const [snapshot] = snapshots
    assert.ok(snapshot)
    const strangers: readonly (readonly [string, TrainingSnapshot])[] = [
      ['another engine', { ...snapshot, trainer: 'elsewhere' }],
      ['a cut file', { ...snapshot, bytes: snapshot.bytes.slice(0, -1) }],
      ['no file', { ...snapshot, bytes: new Uint8Array() }],
      ['noise', { ...snapshot, bytes: new Uint8Array(5_000).fill(7) }],
    ]
    for (const [what, stranger] of strangers) {
      const anew = await train(plan, stranger)
      assert.equal(anew.resumed, null, what)
      assert.deepEqual(bytesOf(anew.result), bytesOf(result), what)
    }
    for (const other of [
      { ...plan, seed: 6 },
      { ...plan, learningRate: 2e-3 },
      { ...plan, mode: 'full' as const },
    ])
      assert.equal((await train(other, snapshot)).resumed, null, JSON.stringify(other))
    assert.equal(
      (await train(plan, snapshot, { other: tinyModel({ seed: 2, dropout: 0.1 }) })).resumed,
      null,
      'another base',
    )
  })
})
