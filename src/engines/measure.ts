import { startingHead } from '../training/classifier.ts'
import { checkBody } from '../training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../training/encoders/read-config.ts'
import type { Engine } from '../training/engine.ts'
import { createBody } from '../training/initial-weights.ts'
import { createRandom } from '../training/random.ts'

/** A small encoder, two layers of 128, and batches of 32 rows of 32 tokens: what docs/training.md compares engines by. */
const CONFIG = {
  model_type: 'bert',
  vocab_size: 4_096,
  hidden_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 512,
  max_position_embeddings: 128,
}
const BATCH = 32
const LENGTH = 32
const LABELS = ['0', '1', '2', '3']
const RATES = { body: 1e-4, head: 1e-4 }
const MEASURED_MS = 1_500
const MAX_STEPS = 200

/** Tokens a second of finetuning: forward, backward and AdamW, the first step, which compiles, left out. */
export async function measureEngine(
  engine: Engine,
  { now, checkAborted }: { readonly now: () => number; readonly checkAborted: () => void },
): Promise<number> {
  const random = createRandom(1, 'measure')
  const body = createBody(CONFIG, { seed: 1, pooler: true })
  const config = readEncoderConfig(CONFIG)
  const shape = { config, body: checkBody(config, body), classes: LABELS.length }
  const learner = await engine.createLearner({
    ...{ shape, body, head: startingHead(shape, null, { labels: LABELS }, 1).weights },
    plan: { weightDecay: 0.01, clipNorm: 1, accumulation: 1, seed: 1, freeze: null },
    batch: BATCH,
    longest: LENGTH,
  })
  const rows = Array.from({ length: BATCH }, () => ({
    ids: Array.from({ length: LENGTH }, () => 1 + random.below(CONFIG.vocab_size - 1)),
    label: random.below(LABELS.length),
  }))
  const step = async () => {
    checkAborted()
    await learner.learn(rows, LENGTH)
    learner.step(RATES)
  }
  try {
    await step()
    const started = now()
    let steps = 0
    while (steps < MAX_STEPS && now() - started < MEASURED_MS) {
      await step()
      steps++
    }
    // The last step of the optimizer may still be under way on a GPU: reading waits for it.
    await learner.head()
    return (1_000 * steps * BATCH * LENGTH) / (now() - started)
  } finally {
    await learner.release()
  }
}
