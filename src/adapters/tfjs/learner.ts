import type { Tensor } from '@tensorflow/tfjs-core'
import type { Weights } from '../../ports/trainer.ts'
import { isWeight } from '../../training/bert-config.ts'
import { HEAD_BIAS, HEAD_WEIGHT, headLayout } from '../../training/classifier.ts'
import { drawMask, maskState } from '../../training/dropout-masks.ts'
import type { LearnerOptions } from '../../training/engine.ts'
import { EVALUATION_BATCH, type LabelledRow, type Learner, likeliest } from '../../training/learner.ts'
import { elementCount } from '../../training/shape.ts'
import { stepAdamW } from './adamw.ts'
import type { Tf } from './backends.ts'
import { dropout, type EncoderOptions, encode } from './encoder.ts'
import { encoderTensors, lossTensors } from './inputs.ts'
import { add, crossEntropy, linear } from './operations.ts'
import { byName, createParameters, disposeParameters, type Parameter, readTensor, replace } from './parameters.ts'

/** Body and head learn. All that changes is in `parameters`, `masks` and two counts. */
export function createLearner(tf: Tf, options: LearnerOptions): Learner {
  const { shape, plan, batch } = options
  const parameters = createParameters(tf, options)
  const masks = maskState(plan.seed)
  let steps = 0
  let added = 0

  const drawTensor = (of: number[], rate: number) => tf.tensor(drawMask(masks, elementCount(of), rate), of)

  function logits(encoder: EncoderOptions, rows: readonly LabelledRow[]): Tensor {
    const pooled = encode(encoder, encoderTensors(tf, shape, encoder, rows))
    const dropped = dropout(encoder, pooled, shape.config.classifierDropout)
    return linear(tf, dropped, encoder.weight(HEAD_WEIGHT), encoder.weight(HEAD_BIAS))
  }

  const encoderWith = (weights: readonly Tensor[], bucket: { batch: number; length: number }) => {
    const tensors = new Map(parameters.map(({ name, weight }, index) => [name, weights[index] ?? weight]))
    return { tf, shape, ...bucket, weight: byName(tensors, shape.body.prefix) }
  }

  function addGradients(rows: readonly LabelledRow[], length: number): Tensor {
    const { value, grads } = tf.valueAndGrads((...weights: Tensor[]) => {
      const { target, weight, choices } = lossTensors(tf, shape, batch, rows)
      const scores = logits({ ...encoderWith(weights, { batch, length }), mask: drawTensor }, rows)
      return crossEntropy(tf, add(tf, scores, choices), target, weight)
    })(parameters.map(({ weight }) => weight))
    for (const [index, parameter] of parameters.entries()) {
      const gradient = grads[index]
      if (gradient === undefined) throw new Error(`no gradient of ${parameter.name}`)
      replace(parameter, 'sum', tf.keep(parameter.sum === null ? gradient : tf.add(parameter.sum, gradient)))
    }
    return value
  }

  const readAll = async (layout: readonly Weights[] | ReturnType<typeof headLayout>, read: (of: Parameter) => Tensor) =>
    Promise.all(
      layout.map(async ({ name, shape }) => {
        const parameter = parameters.find((candidate) => candidate.name === name)
        if (parameter === undefined) throw new Error(`no parameter ${name}`)
        return { name, shape, data: await readTensor(read(parameter)) }
      }),
    )
  const weightOf = ({ weight }: Parameter) => weight

  return {
    async learn(rows, length) {
      const loss = tf.tidy(() => addGradients(rows, length))
      added++
      const [value = Number.NaN] = await loss.data()
      loss.dispose()
      return value
    },
    step(rates) {
      steps++
      stepAdamW(tf, parameters, { ...plan, rates, step: steps, added })
      added = 0
    },
    async gradients() {
      const found = new Map<string, Float32Array>()
      for (const { name, sum } of parameters) {
        if (sum !== null)
          found.set(
            name,
            (await readTensor(sum)).map((value) => value / added),
          )
      }
      return found
    },
    async predict(rows, length) {
      const bucket = { batch: EVALUATION_BATCH, length }
      const found = tf.tidy(() => logits({ ...encoderWith([], bucket), mask: null }, rows))
      const numbers = await readTensor(found)
      found.dispose()
      return likeliest(numbers, rows.length, shape.classes)
    },
    keep() {
      for (const parameter of parameters) replace(parameter, 'kept', parameter.weight.clone())
    },
    restore() {
      for (const parameter of parameters) {
        if (parameter.kept !== null) replace(parameter, 'weight', parameter.kept.clone())
      }
    },
    async body() {
      const trained = await readAll(
        options.body.filter(({ name }) => isWeight(name)),
        weightOf,
      )
      const byTheirName = new Map(trained.map((weights) => [weights.name, weights]))
      return options.body.map((weights) => byTheirName.get(weights.name) ?? { ...weights, data: weights.data.slice() })
    },
    head: () => readAll(headLayout(shape), weightOf),
    release: async () => disposeParameters(parameters),
  }
}
