import type { TrainingPlan, Weights } from '../../ports/trainer.ts'
import { type AdamWOptions, adamWScratch, createAdamW } from './adamw.ts'
import { classifierParameters, defineFinetuning, headLayout, wordTable } from './classifier.ts'
import { fillEncoderInputs, MASK_STATE_FLOATS, seedMasks } from './host-inputs.ts'
import { createProgramCache, fillLossInputs, type Learner } from './learner.ts'
import { createParameterMemory, loadWeights, readWeights } from './parameters.ts'
import { createPredictor, type ForwardOptions } from './predictor.ts'
import { maskFloats, openProgram } from './program.ts'

export interface LearnerOptions extends ForwardOptions {
  readonly body: readonly Weights[]
  readonly head: readonly Weights[]
  readonly plan: TrainingPlan
  /** Rows of a batch. */
  readonly batch: number
  /** The longest bucket that training will use. */
  readonly longest: number
}

/** Body and head learn. */
export function createFullLearner(options: LearnerOptions): Learner {
  const { runtime, threads, shape, plan, batch, longest } = options
  const parameters = classifierParameters(shape, options.body, { trained: true })
  const adamWOptions: AdamWOptions = {
    weightDecay: plan.weightDecay,
    clipNorm: plan.clipNorm,
    accumulation: plan.accumulation,
    table: { name: wordTable(shape), maxIds: batch * longest },
  }
  const define = (length: number) => defineFinetuning(shape, parameters, { batch, length })
  const memory = createParameterMemory(parameters, {
    ...adamWScratch(adamWOptions, parameters),
    masks: maskFloats(define(longest)),
    maskState: MASK_STATE_FLOATS,
  })
  loadWeights(memory, [...options.body, ...options.head])
  seedMasks(memory, plan.seed)
  const adamW = createAdamW(memory, adamWOptions)
  const programs = createProgramCache((length) => openProgram(define(length), { runtime, memory, threads }))
  const predictor = createPredictor(options, memory, parameters)
  let kept: Float32Array | null = null
  const read = (layout: readonly Omit<Weights, 'data'>[]) => {
    adamW.settle()
    return readWeights(memory, layout)
  }
  return {
    async learn(rows, length) {
      const program = await programs.get(length)
      const ids = fillEncoderInputs(program, shape.config, { batch, length }, rows)
      fillLossInputs(program, rows, shape.classes)
      adamW.prepare(ids)
      await program.run()
      adamW.add(ids)
      return program.outputs['loss']?.[0] ?? Number.NaN
    },
    step: (rates) => void adamW.step(rates),
    predict(rows, length) {
      adamW.settle()
      return predictor.predict(rows, length)
    },
    keep() {
      adamW.settle()
      kept = memory.snapshot()
    },
    restore() {
      if (kept !== null) memory.restore(kept)
    },
    body: () => read(options.body),
    head: () => read(headLayout(shape)),
    async release() {
      await programs.release()
      await predictor.release()
    },
  }
}
