import { evaluationBatches } from './batches.ts'
import type { Engine, LearnerOptions } from './engine.ts'
import { EVALUATION_BATCH, type Learner, type Predictor } from './learner.ts'
import { bytesOf, readInto } from './learner-state.ts'
import { createLinearHead } from './linear-head.ts'
import { createRowFeatures, type RowFeatureOptions, type RowFeatures } from './row-features.ts'
import { lengthsOf, type TokenRows } from './rows.ts'

export interface FrozenLearnerOptions extends LearnerOptions, RowFeatureOptions {
  /** What it will learn from and predict. */
  readonly rows: readonly TokenRows[]
  /** All of them will be asked for: their features are computed at the start. Else only of those that come. */
  readonly needsAll: boolean
}

/** Only the head learns, on what the body makes of each row (without dropout). */
export async function createFrozenLearner(engine: Engine, options: FrozenLearnerOptions): Promise<Learner> {
  const features = await createRowFeatures(engine, options)
  if (options.needsAll) await computeAll(features, options)
  const head = createLinearHead(options.head, options.plan)
  let kept = options.head
  return {
    get tokensPerSecond() {
      return features.tokensPerSecond()
    },
    learn: async (rows) => head.learn(await features.of(rows), rows),
    step: (rates) => head.step(rates.head),
    gradients: async () => head.gradients(),
    predict: async (rows) => head.logits(await features.of(rows)),
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
    release: () => features.release(),
  }
}

/** Every row, those of like length together: full batches, where rows would come in smaller ones. */
async function computeAll(features: RowFeatures, { rows, maxTokens }: FrozenLearnerOptions): Promise<void> {
  for (const part of rows) {
    for (const batch of evaluationBatches(lengthsOf(part), { batch: EVALUATION_BATCH, maxTokens })) {
      await features.of(batch.rows.map((index) => part.row(index)))
    }
  }
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
