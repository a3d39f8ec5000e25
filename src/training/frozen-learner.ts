import { evaluationBatches } from './batches.ts'
import type { Engine, LearnerOptions } from './engine.ts'
import { EVALUATION_BATCH, type LabelledRow, type Learner, type Predictor, type TokenRow } from './learner.ts'
import { bytesOf, readInto } from './learner-state.ts'
import { createLinearHead } from './linear-head.ts'

export interface FrozenLearnerOptions extends LearnerOptions {
  /** All rows that it will learn from or predict: their features are computed once, at the start. */
  readonly rows: readonly LabelledRow[]
  readonly maxTokens: number
  readonly now: () => number
  readonly checkAborted: () => void
}

/** Only the head learns, on what the body makes of each row (without dropout). */
export async function createFrozenLearner(engine: Engine, options: FrozenLearnerOptions): Promise<Learner> {
  const { plan, now } = options
  const started = now()
  const features = await computeFeatures(engine, options)
  const tokens = options.rows.reduce((sum, { ids }) => sum + ids.length, 0)
  const head = createLinearHead(options.head, plan)
  const featuresOf = (rows: readonly TokenRow[]) => rows.map((row) => features.get(row) ?? new Float32Array())
  let kept = options.head
  return {
    tokensPerSecond: (tokens * 1_000) / Math.max(1, now() - started),
    async learn(rows) {
      return head.learn(featuresOf(rows), rows)
    },
    step: (rates) => head.step(rates.head),
    gradients: async () => head.gradients(),
    predict: async (rows) => head.logits(featuresOf(rows)),
    keep: () => {
      kept = head.weights()
    },
    restore: () => head.load(kept),
    save: async () => ({
      ...head.save(),
      ...Object.fromEntries(kept.map(({ name, data }) => [`kept ${name}`, bytesOf(data)])),
    }),
    load: async (state) => {
      const keeping = kept.map((weights) => ({ ...weights, data: weights.data.slice() }))
      const areKept = readInto(
        keeping.map(({ name, data }) => [`kept ${name}`, data] as const),
        state,
      )
      if (!areKept || !head.restore(state)) return false
      kept = keeping
      return true
    },
    body: async () => options.body.map(({ name, shape, data }) => ({ name, shape, data: data.slice() })),
    head: async () => head.weights(),
    release: async () => {},
  }
}

async function computeFeatures(
  engine: Engine,
  options: FrozenLearnerOptions,
): Promise<ReadonlyMap<TokenRow, Float32Array>> {
  const { rows, maxTokens, checkAborted } = options
  const extractor = await engine.createExtractor(options)
  const features = new Map<TokenRow, Float32Array>()
  try {
    const lengths = rows.map(({ ids }) => ids.length)
    for (const batch of evaluationBatches(lengths, { batch: EVALUATION_BATCH, maxTokens })) {
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

/** A finished model: what the engine makes of its body, and its head. */
export async function createPredictor(
  engine: Engine,
  { shape, body, head }: Pick<LearnerOptions, 'shape' | 'body' | 'head'>,
): Promise<Predictor> {
  const extractor = await engine.createExtractor({ shape, body })
  const linear = createLinearHead(head)
  return {
    async predict(rows, length) {
      return linear.logits(await extractor.features(rows, length))
    },
    release: () => extractor.release(),
  }
}
