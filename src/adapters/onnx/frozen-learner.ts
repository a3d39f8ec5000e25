import { evaluationBatches } from '../../training/batches.ts'
import { adamWScratch, createAdamW } from './adamw.ts'
import { defineHeadTraining, headLayout, headParameters } from './classifier.ts'
import type { LearnerOptions } from './full-learner.ts'
import { fillLossInputs, type LabelledRow, type Learner, likeliest } from './learner.ts'
import { createParameterMemory, loadWeights, readWeights } from './parameters.ts'
import { createFeatureExtractor, EVALUATION_BATCH } from './predictor.ts'
import { openProgram } from './program.ts'

export interface FrozenLearnerOptions extends LearnerOptions {
  /** All rows that it will learn from or predict: their features are computed once, at the start. */
  readonly rows: readonly LabelledRow[]
  readonly checkAborted: () => void
}

/** Only the head learns, on what the body makes of each row (without dropout). */
export async function createFrozenLearner(options: FrozenLearnerOptions): Promise<Learner> {
  const { runtime, threads, shape, plan, batch } = options
  const started = performance.now()
  const features = await computeFeatures(options)
  const tokens = options.rows.reduce((sum, { ids }) => sum + ids.length, 0)
  const tokensPerSecond = (tokens * 1_000) / (performance.now() - started)
  const parameters = headParameters(shape, { trained: true })
  const adamWOptions = { ...plan, table: null }
  const memory = createParameterMemory(parameters, adamWScratch(adamWOptions, parameters))
  loadWeights(memory, options.head)
  const program = await openProgram(defineHeadTraining(shape, parameters, batch), { runtime, memory, threads })
  const adamW = createAdamW(memory, adamWOptions)
  let kept: Float32Array | null = null

  async function run(rows: readonly LabelledRow[]): Promise<void> {
    const inputs = program.floats['features'] ?? new Float32Array()
    for (const [index, row] of rows.entries()) {
      inputs.set(features.get(row) ?? [], index * shape.config.hiddenSize)
    }
    fillLossInputs(program, rows, shape.classes)
    await program.run()
  }

  return {
    tokensPerSecond,
    async learn(rows) {
      await run(rows)
      adamW.add(new Int32Array())
      return program.outputs['loss']?.[0] ?? Number.NaN
    },
    step: (rates) => void adamW.step(rates),
    async predict(rows) {
      const predicted: number[] = []
      for (let start = 0; start < rows.length; start += batch) {
        const some = rows.slice(start, start + batch)
        await run(some)
        predicted.push(...likeliest(program.outputs['logits'] ?? new Float32Array(), some.length, shape.classes))
      }
      return predicted
    },
    keep: () => {
      kept = memory.snapshot()
    },
    restore() {
      if (kept !== null) memory.restore(kept)
    },
    body: () => options.body.map(({ name, shape, data }) => ({ name, shape, data: data.slice() })),
    head: () => readWeights(memory, headLayout(shape)),
    release: () => program.release(),
  }
}

async function computeFeatures(options: FrozenLearnerOptions): Promise<ReadonlyMap<LabelledRow, Float32Array>> {
  const { rows, plan, checkAborted } = options
  const extractor = createFeatureExtractor(options, options.body)
  const features = new Map<LabelledRow, Float32Array>()
  try {
    const lengths = rows.map(({ ids }) => ids.length)
    for (const batch of evaluationBatches(lengths, { batch: EVALUATION_BATCH, maxTokens: plan.maxTokens })) {
      checkAborted()
      const some = batch.rows.flatMap((index) => rows[index] ?? [])
      const computed = await extractor.features(some, batch.length)
      for (const [index, row] of some.entries()) features.set(row, computed[index] ?? new Float32Array())
    }
  } finally {
    await extractor.release()
  }
  return features
}
