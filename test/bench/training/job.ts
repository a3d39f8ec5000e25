import { createRandom } from '../../../src/training/random.ts'

const WARMUP_STEPS = 10
export const CLASSES = 4
export const RATE = 1e-4

export interface Case {
  readonly name: string
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly vocabulary: number
  readonly batch: number
  readonly length: number
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
