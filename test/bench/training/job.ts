import { createRandom } from '../../../src/training/random.ts'

const WARMUP_STEPS = 10
export const CLASSES = 4
export const RATE = 1e-4
/** ONNX Runtime, computing all tokens of the last layer as PyTorch does. */
export const WHOLE = 'onnx, whole last layer'

/** Of one step. CPU seconds, over all threads, also tell on a machine that does other things meanwhile. */
export interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
  /** The process's largest resident set. */
  readonly peakBytes: number
}

export interface Case {
  readonly name: string
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly vocabulary: number
  readonly batch: number
  readonly length: number
  /** Of the steps asked for: larger models take fewer. */
  readonly share: number
}

export const CASES: readonly Case[] = [
  {
    name: 'L2/H128, vocabulary 4,096, 32 x 32',
    layers: 2,
    hidden: 128,
    heads: 2,
    vocabulary: 4_096,
    batch: 32,
    length: 32,
    share: 1,
  },
  {
    name: 'L2/H128, vocabulary 30,522, 32 x 32',
    layers: 2,
    hidden: 128,
    heads: 2,
    vocabulary: 30_522,
    batch: 32,
    length: 32,
    share: 0.6,
  },
  {
    name: 'MiniLM (L6/H384, vocabulary 30,522), 8 x 64',
    layers: 6,
    hidden: 384,
    heads: 12,
    vocabulary: 30_522,
    batch: 8,
    length: 64,
    share: 0.2,
  },
  {
    name: 'RoBERTa-base (L12/H768, vocabulary 50,265), 4 x 64',
    layers: 12,
    hidden: 768,
    heads: 12,
    vocabulary: 50_265,
    batch: 4,
    length: 64,
    share: 0.05,
  },
]

export function createJob(
  { layers, hidden, heads, vocabulary, batch, length }: Case,
  { dropout, threads, steps }: { readonly dropout: number; readonly threads: number; readonly steps: number },
) {
  const random = createRandom(1, 'bench')
  const config = {
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: hidden * 4,
    max_position_embeddings: 128,
    hidden_act: 'gelu',
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
  }
  return {
    config,
    classes: CLASSES,
    rate: RATE,
    threads,
    steps,
    warmup: WARMUP_STEPS,
    ids: Array.from({ length: batch }, () => Array.from({ length }, () => 1 + random.below(vocabulary - 1))),
    labels: Array.from({ length: batch }, () => random.below(CLASSES)),
  }
}
export type Job = ReturnType<typeof createJob>
