import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openOnnxEngine } from '../../../src/adapters/onnx/index.ts'
import { startingHead } from '../../../src/training/classifier.ts'
import { checkBody } from '../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import type { Engine } from '../../../src/training/engine.ts'
import { isFrozen } from '../../../src/training/freezing.ts'
import type { LabelledRow, Learner, Target } from '../../../src/training/learner.ts'
import { createLinearHead } from '../../../src/training/linear-head.ts'
import { completePlan } from '../../../src/training/plan.ts'
import { predictionsOf } from '../../../src/training/predictions.ts'
import { createRandom } from '../../../src/training/random.ts'
import { rateFactor } from '../../../src/training/schedule.ts'
import {
  CLASSIFIERS,
  decodeTensor,
  decodeWeights,
  largestDifference,
  type ModelFixture,
  norm,
  openFixture,
  readModelFixture,
  relativeError,
} from './fixtures.ts'
import { tinyModel } from './tiny.ts'

// What every engine must do. References are PyTorch's in float64, and ONNX Runtime's for long runs. Engines compute in float32,
// about 7 digits, and add in different orders; some take the exponential and error functions from polynomials good to 1e-7. These bounds
// leave room for that, not for a wrong term.
const LOGIT_TOLERANCE = 2e-5
const GRADIENT_TOLERANCE = 1e-4
const LOSS_TOLERANCE = 2e-5
const WEIGHT_TOLERANCE = 2e-4
/** Over 50 steps differences of rounding grow: Adam turns a sign of a tiny gradient into a whole step. */
const LONG_LOSS_TOLERANCE = 2e-3
/** Single labels for every family of encoders, and the other types of tasks with their losses. */
const FIXTURES = [
  ...CLASSIFIERS.map((name) => [name, undefined] as const),
  ['multi-label', 'multi-label'],
  ['regression', 'regression'],
] as const
/** A key's bias moves all scores of a query alike: its true gradient is zero, and Adam makes steps of rounding errors. */
const KEY_BIAS = /attention\.self\.key\.bias$/
const LENGTH = 8

export interface Subject {
  readonly engine: Engine
  /** Tensors alive on its device now; null where that is not counted. */
  readonly liveTensors: (() => number) | null
  /** What takes many steps runs once. */
  readonly isSlow?: boolean
}

export function describeEngine(name: string, open: () => Promise<Subject>): void {
  describe(`${name}, as every engine`, async () => {
    const { engine, liveTensors, isSlow } = await open()
    const live = () => liveTensors?.() ?? 0
    after(() => engine.close())

    for (const [fixtureName, task] of FIXTURES) {
      const fixture = readModelFixture(fixtureName)
      const { body, head, shape, rows } = openFixture(fixture, task)

      it(`has the features of transformers, padding and token types included (${fixtureName})`, async () => {
        const extractor = await engine.createExtractor({ shape, body })
        // A bucket longer than the batch: padding changes nothing.
        for (const length of [LENGTH, 12]) {
          const features = await extractor.features(rows, length)
          const expected = decodeTensor(fixture.features)
          const found = Float32Array.from(features.flatMap((numbers) => [...numbers]))
          assert.ok(largestDifference(found, expected) < LOGIT_TOLERANCE, `${largestDifference(found, expected)}`)
          const logits = createLinearHead(head).logits(features)
          assert.ok(largestDifference(logits, decodeTensor(fixture.logits)) < LOGIT_TOLERANCE)
        }
        await extractor.release()
      })

      it(`trains a head alone on that loss with those gradients (${fixtureName})`, async () => {
        const extractor = await engine.createExtractor({ shape, body })
        const alone = createLinearHead(head)
        const loss = alone.learn(await extractor.features(rows, LENGTH), rows)
        assert.ok(Math.abs(loss - (fixture.losses[0] ?? Number.NaN)) < LOSS_TOLERANCE)
        for (const [name, gradient] of alone.gradients()) {
          const expected = decodeTensor(fixture.gradients[name] ?? { shape: [], data: '' })
          assert.ok(relativeError(gradient, expected) < GRADIENT_TOLERANCE, name)
        }
        await extractor.release()
      })

      it(`has PyTorch's gradients, losses and weights after steps of AdamW with clipping, decay and a faster head (${fixtureName})`, async () => {
        const { plan } = fixture
        const learner = await engine.createLearner({
          shape,
          body,
          head,
          plan: { ...plan, accumulation: 1, seed: 1 },
          batch: rows.length + 1, // one row of padding that must not count
          longest: LENGTH,
        })
        for (const [step, expected] of fixture.losses.entries()) {
          const loss = await learner.learn(rows, LENGTH)
          assert.ok(Math.abs(loss - expected) < LOSS_TOLERANCE, `step ${step}: ${loss}, not ${expected}`)
          if (step === 0) checkGradients(await learner.gradients(), fixture)
          learner.step({ body: plan.rate, head: plan.rate * plan.headRate })
        }
        const weights = new Map(
          [...(await learner.body()), ...(await learner.head())].map((tensor) => [tensor.name, tensor.data]),
        )
        for (const { name, data } of decodeWeights(fixture.after)) {
          const error = relativeError(weights.get(name) ?? new Float32Array(data.length), data)
          assert.ok(KEY_BIAS.test(name) || error < WEIGHT_TOLERANCE, `${name}: ${error}`)
        }
        await learner.release()
      })
    }

    for (const dropout of isSlow ? [0.1] : [0, 0.1]) {
      it(`has the losses and predictions of ONNX Runtime over ${STEPS} steps with dropout ${dropout}`, async () => {
        const job = { dropout }
        const expected = await trainLong(await openOnnxEngine({ threads: 1 }), job)
        const { losses, predicted } = await trainLong(engine, job)
        const difference = Math.max(...losses.map((loss, step) => Math.abs(loss - (expected.losses[step] ?? 0))))
        assert.ok(losses.length === STEPS && difference < LONG_LOSS_TOLERANCE, `${difference}`)
        assert.ok((losses.at(-1) ?? 1) < (losses[0] ?? 0) / 2, 'nothing was learned')
        assert.deepEqual(predicted, expected.predicted)
      })
    }

    it('adds up the gradients of several batches', async () => {
      const { shape, body, head, rows } = openFixture(readModelFixture('pooler'))
      const create = (accumulation: number, batch: number) =>
        engine.createLearner({ shape, body, head, plan: { ...PLAN, accumulation }, batch, longest: LENGTH })
      const whole = await create(1, rows.length)
      const parts = await create(2, rows.length / 2)
      const loss = await whole.learn(rows, LENGTH)
      const losses = [await parts.learn(rows.slice(0, 2), LENGTH), await parts.learn(rows.slice(2), LENGTH)]
      assert.ok(Math.abs((losses[0] ?? 0) / 2 + (losses[1] ?? 0) / 2 - loss) < LOSS_TOLERANCE)
      const expected = await whole.gradients()
      const scale = norm(Float32Array.from([...expected.values()].flatMap((gradient) => [...gradient])))
      for (const [name, gradient] of await parts.gradients()) {
        assert.ok(largestDifference(gradient, expected.get(name) ?? gradient.map(() => 9)) < scale * 1e-5, name)
      }
      await whole.release()
      await parts.release()
    })

    it('goes back to the weights it kept', async () => {
      const { shape, body, head, rows } = openFixture(readModelFixture('no-pooler'))
      const learner = await engine.createLearner({ shape, body, head, plan: PLAN, batch: rows.length, longest: LENGTH })
      const step = async () => {
        await learner.learn(rows, LENGTH)
        learner.step({ body: 1e-2, head: 1e-2 })
      }
      await step()
      learner.keep()
      const kept = await learner.body()
      await step()
      assert.notDeepEqual(await learner.body(), kept)
      learner.restore()
      assert.deepEqual(await learner.body(), kept)
      await learner.release()
    })

    it('passes on what is no weight, and prefixes, as they are', async () => {
      const { shape, body, head, rows } = openFixture(readModelFixture('pooler'))
      const places = { name: 'bert.embeddings.position_ids', shape: [1, 3], data: Float32Array.of(0, 1, 2) }
      const learner = await engine.createLearner({
        shape,
        body: [places, ...body],
        head,
        plan: PLAN,
        batch: rows.length,
        longest: LENGTH,
      })
      await learner.learn(rows, LENGTH)
      learner.step({ body: 1e-2, head: 1e-2 })
      const after = await learner.body()
      assert.deepEqual(after[0], places)
      assert.deepEqual(
        after.map(({ name }) => name),
        [places.name, ...body.map(({ name }) => name)],
      )
      await learner.release()
    })

    it('keeps the exact weights of what is frozen, and has the gradients of the rest', async () => {
      const { shape, body, head, rows } = openFixture(readModelFixture('pooler'))
      const create = (freeze: number | null) =>
        engine.createLearner({ shape, body, head, plan: { ...PLAN, freeze }, batch: rows.length, longest: LENGTH })
      const whole = await create(null)
      await whole.learn(rows, LENGTH)
      const expected = await whole.gradients()
      await whole.release()
      for (const freeze of [0, 1, 2]) {
        const learner = await create(freeze)
        await learner.learn(rows, LENGTH)
        const isFree = (name: string) => !isFrozen(name, freeze)
        const gradients = await learner.gradients()
        assert.deepEqual([...gradients.keys()].sort(), [...expected.keys()].filter(isFree).sort())
        for (const [name, gradient] of gradients) {
          const error = largestDifference(gradient, expected.get(name) ?? new Float32Array())
          assert.ok(error < LOSS_TOLERANCE, `${freeze} ${name}: ${error}`)
        }
        learner.step({ body: 1e-2, head: 1e-2 })
        for (const [index, { name, data }] of (await learner.body()).entries()) {
          const isSame = data.every((value, place) => Object.is(value, body[index]?.data[place]))
          assert.equal(isSame, !isFree(name), `${freeze} ${name}`)
        }
        await learner.release()
      }
    })

    it('keeps to the outputs that a row may choose among', async () => {
      const { shape, body, head, rows } = openFixture(readModelFixture('pooler'))
      const learner = await engine.createLearner({ shape, body, head, plan: PLAN, batch: rows.length, longest: LENGTH })
      const choosing = rows.map((row) => ({ ...row, label: Number(row.label) % 2, choices: [0, 2] as const }))
      const loss = await learner.learn(choosing, LENGTH)
      const whole = await learner.gradients()
      const ofBias = whole.get('classifier.bias') ?? new Float32Array()
      assert.ok(Number.isFinite(loss) && ofBias.length === 3)
      assert.equal(Math.abs(ofBias[2] ?? 1), 0)
      // What two outputs are told is opposite.
      assert.ok(Math.abs((ofBias[0] ?? 0) + (ofBias[1] ?? 1)) < LOSS_TOLERANCE && ofBias[0] !== 0)
      await learner.release()
    })

    it('goes on from what it saved to the same weights, and not from what another saved', async () => {
      const { shape, body, head, rows } = openFixture(readModelFixture('pooler'))
      const config = { ...shape.config, hiddenDropout: 0.3, attentionDropout: 0.3 }
      const options = { shape: { ...shape, config }, body, head, plan: PLAN, batch: rows.length, longest: LENGTH }
      const step = async (learner: Learner) => {
        await learner.learn(rows, LENGTH)
        learner.step({ body: 1e-2, head: 1e-2 })
      }
      const first = await engine.createLearner(options)
      await step(first)
      first.keep()
      await step(first)
      const state = await first.save?.()
      assert.ok(state !== undefined)
      await step(first)
      const second = await engine.createLearner(options)
      assert.equal(await second.load?.({ ...state, masks: new Uint8Array(3) }), false)
      assert.equal(await second.load?.(state), true)
      await step(second)
      assert.deepEqual(await second.body(), await first.body())
      first.restore()
      second.restore()
      assert.deepEqual(await second.head(), await first.head())
      await first.release()
      await second.release()
    })

    if (liveTensors !== null) {
      it('holds as many tensors after each step as after the first, and none after all is released', async () => {
        const before = live()
        const { shape, body, head, rows } = openFixture(readModelFixture('pooler'))
        const learner = await engine.createLearner({ shape, body, head, plan: PLAN, batch: 4, longest: LENGTH })
        const counts: number[] = []
        for (let step = 0; step < 3; step++) {
          await learner.learn(rows, LENGTH)
          learner.step({ body: 1e-3, head: 1e-3 })
          await learner.predict(rows, LENGTH)
          learner.keep()
          learner.restore()
          counts.push(live())
        }
        assert.ok((counts[0] ?? 0) > before)
        assert.deepEqual(new Set(counts).size, 1, `${counts}`)
        await learner.release()
        const extractor = await engine.createExtractor({ shape, body })
        await extractor.features(rows, LENGTH)
        await extractor.release()
        assert.equal(live(), before)
      })
    }
  })
}

const PLAN = { weightDecay: 0.01, clipNorm: 1, accumulation: 1, seed: 1 }

function checkGradients(actual: ReadonlyMap<string, Float32Array>, fixture: ModelFixture): void {
  const expected = decodeWeights(fixture.gradients)
  assert.equal(actual.size, expected.length)
  const whole = norm(Float32Array.from(expected.flatMap(({ data }) => [...data])))
  for (const { name, data } of expected) {
    const gradient = actual.get(name)
    assert.ok(gradient !== undefined, name)
    const scale = Math.max(norm(data), whole * 1e-4)
    const difference = norm(gradient.map((value, index) => value - (data[index] ?? Number.NaN)))
    assert.ok(difference / scale < GRADIENT_TOLERANCE, `${name}: ${difference / scale}`)
  }
}

const STEPS = 50
const LABELS = ['a', 'b', 'c']
const ROWS = 48
const BATCH = 8

/** The same plan, rows and weights for every engine. */
async function trainLong(
  engine: Engine,
  { dropout }: { readonly dropout: number },
): Promise<{ losses: number[]; predicted: Target[] }> {
  const model = tinyModel({ dropout })
  const config = readEncoderConfig(model.config)
  const shape = { config, body: checkBody(config, model.body), classes: LABELS.length }
  const plan = completePlan({ steps: STEPS, learningRate: 2e-3, headRate: 5, dropout, seed: 5 })
  const rows = trainingRows(config.vocabSize)
  const learner = await engine.createLearner({
    shape,
    body: model.body,
    head: startingHead(shape, null, { labels: LABELS }, plan.seed).weights,
    plan,
    batch: BATCH,
    longest: LENGTH,
  })
  const losses: number[] = []
  for (let step = 0; step < STEPS; step++) {
    const start = (step * BATCH) % ROWS
    losses.push(await learner.learn(rows.slice(start, start + BATCH), LENGTH))
    const rate = plan.learningRate * rateFactor(plan, step)
    learner.step({ body: rate, head: rate * plan.headRate })
  }
  const logits = await learner.predict(rows.slice(0, 32), LENGTH)
  const predicted = predictionsOf('single-label', logits, 32, LABELS.length)
  await learner.release()
  return { losses, predicted }
}

/** A row's label is told by one of its tokens. */
function trainingRows(vocabSize: number): LabelledRow[] {
  const random = createRandom(11, 'rows')
  return Array.from({ length: ROWS }, (_, index) => {
    const label = index % LABELS.length
    const words = Array.from({ length: 1 + random.below(4) }, () => 10 + random.below(vocabSize - 10))
    const ids = [2, ...random.shuffle([5 + label, ...words]), 3]
    return { ids, types: ids.map((_, place) => Number(place > 2)), label }
  })
}
