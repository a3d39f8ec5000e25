import { ColdmeshError } from '../ports/errors.ts'
import { headLayout } from '../training/classifier.ts'
import { bodyLayout } from '../training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../training/encoders/read-config.ts'
import type { Engine } from '../training/engine.ts'
import { initialWeights } from '../training/initial-weights.ts'

const CONFIG = readEncoderConfig({
  model_type: 'bert',
  vocab_size: 24,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 8,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
})
const LENGTH = 8
const ROWS = [
  { ids: [2, 9, 14, 5, 3], label: 0 },
  { ids: [2, 17, 3, 11, 20, 3], types: [0, 0, 0, 1, 1, 1], label: 1 },
  { ids: [2, 8, 3], label: 2 },
]
/** New weights are so small that every class is equally likely: larger ones make the losses depend on all of them. */
const SCALE = 10
const RATES = { body: 0.01, head: 0.03 }

/** What the losses are: ONNX Runtime's, which the tests compare with PyTorch's for other models. */
export const EXPECTED_LOSSES: readonly number[] = [1.09743, 0.9325, 0.58674, 0.43356, 0.28739]
/** GPUs may multiply with fewer digits (TF32 has three). */
const TOLERANCE = 0.02

/** Losses of a few steps on a tiny model: wrong gradients or a wrong optimizer show in all but the first. */
export async function checkLosses(engine: Engine): Promise<number[]> {
  const shape = { config: CONFIG, body: { prefix: '', pooler: true }, classes: ROWS.length }
  const start = (layout: Parameters<typeof initialWeights>[0]) =>
    initialWeights(layout, 7).map((weights) =>
      weights.name.includes('LayerNorm') ? weights : { ...weights, data: weights.data.map((value) => value * SCALE) },
    )
  const learner = await engine.createLearner({
    shape,
    body: start(bodyLayout(CONFIG, { pooler: true })),
    head: start(headLayout(shape)),
    plan: { weightDecay: 0.01, clipNorm: 1, accumulation: 1, seed: 1 },
    batch: ROWS.length + 1,
    longest: LENGTH,
  })
  try {
    const losses: number[] = []
    for (let step = 0; step < EXPECTED_LOSSES.length; step++) {
      losses.push(await learner.learn(ROWS, LENGTH))
      learner.step(RATES)
    }
    return losses
  } finally {
    await learner.release()
  }
}

/** @throws ColdmeshError `unsupported` when the engine computes something else than it should */
export async function checkEngine(engine: Engine): Promise<void> {
  const losses = await checkLosses(engine)
  const isRight = EXPECTED_LOSSES.every(
    (expected, step) => Math.abs((losses[step] ?? Number.NaN) - expected) < TOLERANCE,
  )
  if (isRight) return
  throw new ColdmeshError('unsupported', `The engine ${engine.name} computes wrong numbers on ${engine.device}`, {
    facts: { losses: losses.join(' '), expected: EXPECTED_LOSSES.join(' ') },
    hint: 'Update the driver of the device, or use another engine.',
  })
}
