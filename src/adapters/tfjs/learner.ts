import type { Tensor } from '@tensorflow/tfjs-core'
import type { Weights } from '../../ports/trainer.ts'
import { HEAD_BIAS, HEAD_WEIGHT, headLayout } from '../../training/classifier.ts'
import { drawMask, maskState } from '../../training/dropout-masks.ts'
import type { Bucket } from '../../training/encoder-inputs.ts'
import type { LearnerOptions } from '../../training/engine.ts'
import { EVALUATION_BATCH, type LabelledRow, type Learner, type TokenRow } from '../../training/learner.ts'
import { elementCount } from '../../training/shape.ts'
import { stepAdamW } from './adamw.ts'
import type { Tf } from './backends.ts'
import { dropout, type EncoderOptions, encode } from './encoder.ts'
import { encoderTensors, lossTensors, outputLossTensors } from './inputs.ts'
import { type LearnerMemory, loadMemory, saveMemory } from './memory.ts'
import { binaryCrossEntropy, crossEntropy, linear, squaredError } from './operations.ts'
import { byName, createFrozen, createGroups, disposeGroups, partOf, readTensor, replace } from './parameters.ts'

/** Body and head learn. All that changes is in `memory`. */
export function createLearner(tf: Tf, options: LearnerOptions): Learner {
  const { shape, plan, batch } = options
  const memory: LearnerMemory = { groups: createGroups(tf, options), masks: maskState(plan.seed), steps: 0, added: 0 }
  const frozen = createFrozen(tf, options)
  const members = memory.groups.flatMap(({ members }) => members)

  const drawTensor = (of: number[], rate: number) => tf.tensor(drawMask(memory.masks, elementCount(of), rate), of)
  const weightsNow = () =>
    memory.groups.flatMap(({ members, vectors }) => members.map((member) => partOf(tf, vectors.weights, member)))

  function logits(
    weights: readonly Tensor[],
    rows: readonly TokenRow[],
    { mask, ...bucket }: Bucket & Pick<EncoderOptions, 'mask'>,
  ): Tensor {
    const named = members.flatMap(({ name }, index) => {
      const tensor = weights[index]
      return tensor === undefined ? [] : [[name, tensor] as const]
    })
    const weight = byName(new Map([...frozen, ...named]), shape)
    const encoder = { tf, shape, weight, mask, ...bucket }
    const pooled = encode(encoder, encoderTensors(tf, shape, bucket, rows))
    const dropped = dropout(encoder, pooled, shape.config.classifierDropout)
    return linear(tf, dropped, weight(HEAD_WEIGHT), weight(HEAD_BIAS))
  }

  function lossOf(outputs: Tensor, rows: readonly LabelledRow[]): Tensor {
    const task = rows[0]?.task ?? 'single-label'
    if (task === 'single-label') return crossEntropy(tf, outputs, lossTensors(tf, shape, batch, rows))
    const loss = task === 'multi-label' ? binaryCrossEntropy : squaredError
    return loss(tf, outputs, outputLossTensors(tf, shape, batch, rows))
  }

  function addGradients(rows: readonly LabelledRow[], length: number): Tensor {
    const { value, grads } = tf.valueAndGrads((...weights: Tensor[]) =>
      lossOf(logits(weights, rows, { batch, length, mask: drawTensor }), rows),
    )(weightsNow())
    let first = 0
    for (const { members, vectors } of memory.groups) {
      const parts = grads.slice(first, first + members.length).map((gradient) => tf.reshape(gradient, [-1]))
      first += members.length
      const gradients = tf.concat(parts)
      replace(vectors, 'sums', tf.keep(vectors.sums === null ? gradients : tf.add(vectors.sums, gradients)))
    }
    return value
  }

  async function readAll(vector: 'weights' | 'sums'): Promise<Map<string, Float32Array>> {
    const found = new Map<string, Float32Array>()
    for (const { members, vectors } of memory.groups) {
      const tensor = vectors[vector]
      if (tensor === null) continue
      const numbers = await readTensor(tensor)
      for (const { name, offset, count } of members) found.set(name, numbers.slice(offset, offset + count))
    }
    return found
  }

  async function weightsLike(layout: readonly (Omit<Weights, 'data'> & Partial<Weights>)[]): Promise<Weights[]> {
    const found = await readAll('weights')
    // What is frozen, or no weight, as numbered places, is passed on as it came.
    return layout.map(({ name, shape, data }) => ({
      name,
      shape,
      data: found.get(name) ?? data?.slice() ?? new Float32Array(),
    }))
  }

  return {
    async learn(rows, length) {
      const loss = tf.tidy(() => addGradients(rows, length))
      memory.added++
      const [value = Number.NaN] = await loss.data()
      loss.dispose()
      return value
    },
    step(rates) {
      memory.steps++
      stepAdamW(tf, memory.groups, { ...plan, rates, step: memory.steps, added: memory.added })
      memory.added = 0
    },
    async gradients() {
      const sums = await readAll('sums')
      return new Map([...sums].map(([name, values]) => [name, values.map((value) => value / memory.added)]))
    },
    async predict(rows, length) {
      const found = tf.tidy(() => logits(weightsNow(), rows, { batch: EVALUATION_BATCH, length, mask: null }))
      const numbers = await readTensor(found)
      found.dispose()
      return numbers.slice(0, rows.length * shape.classes)
    },
    keep() {
      for (const { vectors } of memory.groups) replace(vectors, 'kept', vectors.weights.clone())
    },
    restore() {
      for (const { vectors } of memory.groups) {
        if (vectors.kept !== null) replace(vectors, 'weights', vectors.kept.clone())
      }
    },
    save: () => saveMemory(memory),
    load: async (state) => loadMemory(tf, memory, state),
    body: () => weightsLike(options.body),
    head: () => weightsLike(headLayout(shape)),
    release: async () => {
      disposeGroups(memory.groups)
      for (const tensor of frozen.values()) tensor.dispose()
    },
  }
}
