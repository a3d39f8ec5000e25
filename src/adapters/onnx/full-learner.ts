import type { TaskType } from '../../ports/dataset.ts'
import type { Weights } from '../../ports/trainer.ts'
import { headLayout, wordTable } from '../../training/classifier.ts'
import type { LearnerOptions } from '../../training/engine.ts'
import { isFrozen } from '../../training/freezing.ts'
import { EVALUATION_BATCH, type Learner } from '../../training/learner.ts'
import { bytesOf, readInto } from '../../training/learner-state.ts'
import { type AdamWOptions, adamWScratch, createAdamW } from './adamw.ts'
import { classifierParameters, defineFinetuning, defineLogits } from './classifier.ts'
import { fillEncoderInputs, fillLossInputs, MASK_STATE_FLOATS, seedMasks, viewMaskState } from './host-inputs.ts'
import { createParameterMemory, loadWeights, readWeights } from './parameters.ts'
import { maskFloats, openProgram, type Program } from './program.ts'
import { createProgramCache } from './program-cache.ts'
import type { Runtime } from './runtime.ts'

export interface RuntimeOptions {
  readonly runtime: Runtime
  readonly threads: number
  readonly wholeLastLayer?: boolean | undefined
}

/** Body and head learn. */
export function createFullLearner(
  options: LearnerOptions,
  { runtime, threads, wholeLastLayer }: RuntimeOptions,
): Learner {
  const { shape, plan, batch, longest } = options
  const parameters = classifierParameters(shape, options.body, plan.freeze)
  const adamWOptions: AdamWOptions = {
    weightDecay: plan.weightDecay,
    clipNorm: plan.clipNorm,
    accumulation: plan.accumulation,
    table: isFrozen(wordTable(shape), plan.freeze) ? null : { name: wordTable(shape), maxIds: batch * longest },
  }
  const define = (length: number, task?: TaskType) =>
    defineFinetuning(shape, parameters, { batch, length, wholeLastLayer }, task)
  const memory = createParameterMemory(parameters, {
    ...adamWScratch(adamWOptions, parameters),
    masks: maskFloats(define(longest)),
    maskState: MASK_STATE_FLOATS,
  })
  loadWeights(memory, [...options.body, ...options.head])
  seedMasks(memory, plan.seed)
  const adamW = createAdamW(memory, adamWOptions)
  const open = (program: Program) => openProgram(program, { runtime, memory, threads })
  const learning = createProgramCache((length, task) => open(define(length, task)))
  const bucket = (length: number) => ({ batch: EVALUATION_BATCH, length })
  const predicting = createProgramCache((length) => open(defineLogits(shape, parameters, bucket(length))))
  let kept: Float32Array | null = null
  const read = async (layout: readonly Omit<Weights, 'data'>[]) => {
    adamW.settle()
    return readWeights(memory, layout)
  }
  return {
    async learn(rows, length) {
      const program = await learning.get(length, rows[0]?.task)
      const ids = fillEncoderInputs(program, shape.config, { batch, length }, rows)
      fillLossInputs(program, rows, shape.classes)
      adamW.prepare(ids)
      await program.run()
      adamW.add(ids)
      return program.outputs['loss']?.[0] ?? Number.NaN
    },
    step: (rates) => void adamW.step(rates),
    gradients: async () => adamW.gradients(),
    async predict(rows, length) {
      adamW.settle()
      const program = await predicting.get(length)
      fillEncoderInputs(program, shape.config, bucket(length), rows)
      await program.run()
      return (program.outputs['logits'] ?? new Float32Array()).slice(0, rows.length * shape.classes)
    },
    keep() {
      adamW.settle()
      kept = memory.snapshot()
    },
    restore() {
      if (kept !== null) memory.restore(kept)
    },
    save: async () => ({
      ...adamW.save(),
      memory: bytesOf(memory.state()),
      masks: bytesOf(viewMaskState(memory)),
      kept: bytesOf(kept ?? new Float32Array()),
    }),
    load: async (state) => {
      const keeping = new Float32Array(state['kept']?.byteLength === 0 ? 0 : memory.snapshot().length)
      const fits = state['memory']?.byteLength === memory.state().byteLength && state['masks'] !== undefined
      if (!fits || !readInto([['kept', keeping]], state) || !adamW.load(state)) return false
      kept = keeping.length === 0 ? null : keeping
      return readInto(
        [
          ['memory', memory.state()],
          ['masks', viewMaskState(memory)],
        ],
        state,
      )
    },
    body: () => read(options.body),
    head: () => read(headLayout(shape)),
    async release() {
      await learning.release()
      await predicting.release()
    },
  }
}
