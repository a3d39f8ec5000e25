import type { Weights } from '../../ports/trainer.ts'
import { BETA1, BETA2 } from '../../training/adam.ts'
import { headLayout } from '../../training/classifier.ts'
import { maskState } from '../../training/dropout-masks.ts'
import { isWeight } from '../../training/encoders/encoder-body.ts'
import type { LearnerOptions } from '../../training/engine.ts'
import { isFixed } from '../../training/freezing.ts'
import { EVALUATION_BATCH, type Learner } from '../../training/learner.ts'
import { bytesOf, readInto } from '../../training/learner-state.ts'
import { elementCount } from '../../training/shape.ts'
import { classifierParameters, defineLogits, finetuningLoss } from './classifier.ts'
import { encoderFeeds, float32, lossFeeds, maskFeeds, scalar } from './device-batch.ts'
import {
  defineAccumulation,
  defineStep,
  MEAN,
  NEXT,
  SQUARE,
  type StepNumbers,
  SUM,
  trainedOf,
  WEIGHT,
} from './device-programs.ts'
import { createDeviceCopies, openDeviceSession } from './device-session.ts'
import { dispose, floats, inputsAmong, prefixed, type Tensors, withoutPrefix } from './device-tensors.ts'
import { createProgramCache } from './program-cache.ts'
import type { Runtime } from './runtime.ts'

/** Body and head learn on the GPU. Of a step only the batch goes there, and the loss comes back. */
export async function createDeviceLearner(options: LearnerOptions, runtime: Runtime): Promise<Learner> {
  const { shape, plan, batch } = options
  const parameters = classifierParameters(shape, options.body, plan.freeze)
  const trained = trainedOf(parameters)
  const given = new Map([...options.body, ...options.head].map(({ name, data }) => [name, data]))
  const masks = maskState(plan.seed)
  const copies = createDeviceCopies(runtime)
  const stepping = await openDeviceSession(runtime, defineStep(parameters, plan), () => false)
  const learning = createProgramCache(async (length, task) => {
    const program = defineAccumulation(parameters, finetuningLoss(shape, { batch, length }, task))
    return { ...program, ...(await openDeviceSession(runtime, program.graph, (name) => name === 'loss')) }
  })
  const predicting = createProgramCache(async (length) => {
    const program = defineLogits(shape, parameters, { batch: EVALUATION_BATCH, length }, { isPlain: true })
    return { ...program, ...(await openDeviceSession(runtime, program.graph, () => true)) }
  })
  let steps = 0
  let added = 0
  /** What doesn't learn. */
  const frozen = await copies.upload(
    Object.fromEntries(
      options.body
        .filter(({ name }) => isWeight(name) && isFixed(name, shape, plan.freeze))
        .map(({ name, shape, data }) => [name, float32(runtime, data, shape)] as const),
    ),
  )
  let weights = await place((name) => given.get(name))
  let means = await place(() => undefined)
  let squares = await place(() => undefined)
  let sums = await place(() => undefined)
  let kept: Tensors | null = null
  let stepped: Promise<void> = Promise.resolve()

  /** A tensor on the GPU for each trained parameter; zeros where there is none. */
  function place(dataOf: (name: string) => Float32Array | undefined): Promise<Tensors> {
    const tensors = trained.map(({ name, shape }) => {
      const data = dataOf(name) ?? new Float32Array(elementCount(shape))
      return [name, float32(runtime, data, shape)] as const
    })
    return copies.upload(Object.fromEntries(tensors))
  }

  async function step(numbers: StepNumbers): Promise<void> {
    const scalars = Object.entries(numbers).map(([name, value]) => [name, scalar(runtime, value)] as const)
    const next = await stepping.run({
      ...weights,
      ...prefixed(MEAN, means),
      ...prefixed(SQUARE, squares),
      ...prefixed(SUM, sums),
      ...Object.fromEntries(scalars),
    })
    if (weights !== kept) dispose(weights)
    dispose(means)
    dispose(squares)
    weights = withoutPrefix(NEXT + WEIGHT, next)
    means = withoutPrefix(NEXT + MEAN, next)
    squares = withoutPrefix(NEXT + SQUARE, next)
  }

  function drop(replaced: Tensors): void {
    if (replaced !== weights && replaced !== kept) dispose(replaced)
  }

  async function weightsLike(layout: readonly (Omit<Weights, 'data'> & Partial<Weights>)[]): Promise<Weights[]> {
    await stepped
    const names = new Set(layout.map(({ name }) => name))
    const wanted = Object.entries(weights).filter(([name]) => names.has(name))
    const found = await copies.download(Object.fromEntries(wanted))
    // What is not trained is passed on as it came.
    return layout.map(({ name, shape, data }) => {
      const tensor = found[name]
      return { name, shape, data: tensor === undefined ? (data ?? new Float32Array()).slice() : floats(tensor).slice() }
    })
  }

  return {
    async learn(rows, length) {
      await stepped
      const program = await learning.get(length, rows[0]?.task)
      const outputs = await program.run({
        ...inputsAmong(program.graph.inputs, { ...frozen, ...weights }),
        ...prefixed(SUM, sums),
        carry: scalar(runtime, added === 0 ? 0 : 1),
        ...encoderFeeds(runtime, shape, { batch, length }, rows),
        ...lossFeeds(runtime, shape, batch, rows),
        ...maskFeeds(runtime, program.masks, masks),
      })
      dispose(sums)
      sums = withoutPrefix(NEXT + SUM, outputs)
      added++
      return floats(outputs['loss'])[0] ?? Number.NaN
    },
    step(rates) {
      steps++
      const correction = 1 - BETA1 ** steps
      const numbers: StepNumbers = {
        share: 1 / added,
        root: 1 / Math.sqrt(1 - BETA2 ** steps),
        bodySize: rates.body / correction,
        bodyKeep: 1 - rates.body * plan.weightDecay,
        headSize: rates.head / correction,
        headKeep: 1 - rates.head * plan.weightDecay,
      }
      added = 0
      stepped = stepped.then(() => step(numbers))
    },
    async gradients() {
      const found = await copies.download(sums)
      return new Map(Object.entries(found).map(([name, sum]) => [name, floats(sum).map((value) => value / added)]))
    },
    async predict(rows, length) {
      await stepped
      const program = await predicting.get(length)
      const { logits } = await program.run({
        ...inputsAmong(program.graph.inputs, { ...frozen, ...weights }),
        ...encoderFeeds(runtime, shape, { batch: EVALUATION_BATCH, length }, rows),
      })
      return floats(logits).slice(0, rows.length * shape.classes)
    },
    keep() {
      stepped = stepped.then(() => {
        const replaced = kept
        kept = weights
        if (replaced !== null) drop(replaced)
      })
    },
    restore() {
      stepped = stepped.then(() => {
        if (kept === null) return
        const replaced = weights
        weights = kept
        drop(replaced)
      })
    },
    async save() {
      await stepped
      const state: Record<string, Uint8Array> = { masks: bytesOf(masks), steps: bytesOf(Float64Array.of(steps)) }
      for (const [kind, tensors] of Object.entries({ weights, means, squares, kept: kept ?? {} })) {
        for (const [name, tensor] of Object.entries(await copies.download(tensors))) {
          state[`${kind} ${name}`] = bytesOf(floats(tensor))
        }
      }
      return state
    },
    async load(state) {
      await stepped
      const saved = { weights: zeros(), means: zeros(), squares: zeros(), kept: zeros() }
      const hasKept = Object.keys(state).some((key) => key.startsWith('kept '))
      const count = new Float64Array(1)
      const generators = new Uint32Array(masks.length)
      const arrays = Object.entries(saved)
        .filter(([kind]) => kind !== 'kept' || hasKept)
        .flatMap(([kind, all]) => [...all].map(([name, numbers]) => [`${kind} ${name}`, numbers] as const))
      if (!readInto([['steps', count], ['masks', generators], ...arrays], state)) return false
      for (const tensors of new Set([weights, means, squares, kept ?? {}])) dispose(tensors)
      weights = await place((name) => saved.weights.get(name))
      means = await place((name) => saved.means.get(name))
      squares = await place((name) => saved.squares.get(name))
      kept = hasKept ? await place((name) => saved.kept.get(name)) : null
      steps = count[0] ?? 0
      masks.set(generators)
      return true
    },
    body: () => weightsLike(options.body),
    head: () => weightsLike(headLayout(shape)),
    async release() {
      await stepped
      for (const tensors of new Set([frozen, weights, means, squares, sums, kept ?? {}])) dispose(tensors)
      await learning.release()
      await predicting.release()
      await stepping.release()
      await copies.release()
    },
  }

  function zeros(): Map<string, Float32Array> {
    return new Map(trained.map(({ name, shape }) => [name, new Float32Array(elementCount(shape))]))
  }
}
