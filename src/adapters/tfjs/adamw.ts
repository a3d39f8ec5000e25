import type { Tensor } from '@tensorflow/tfjs-core'
import { BETA1, BETA2, CLIP_EPSILON, EPSILON } from '../../training/adam.ts'
import type { LearningRates } from '../../training/learner.ts'
import type { Tf } from './backends.ts'
import { type Group, replace } from './parameters.ts'

/** Moments too small to matter become zero every so many steps: arithmetic on denormal numbers is slow on a CPU. */
const FLUSH_STEPS = 64
const SMALLEST_MEAN = 1e-30
const SMALLEST_SQUARE = 1e-35

export interface StepOptions {
  readonly rates: LearningRates
  readonly weightDecay: number
  readonly clipNorm: number
  /** Counts from 1. */
  readonly step: number
  /** Batches whose gradients were added. */
  readonly added: number
}

/** One step of AdamW with the mean of the gradients added, clipped by their common norm. The sums are gone after it. */
export function stepAdamW(tf: Tf, groups: readonly Group[], options: StepOptions): void {
  const { rates, weightDecay, step } = options
  const root = Math.sqrt(1 - BETA2 ** step)
  const scale = tf.tidy(() => gradientScale(tf, groups, options))
  for (const { rate, decays, vectors } of groups) {
    const size = rates[rate] / (1 - BETA1 ** step)
    const keep = decays ? 1 - rates[rate] * weightDecay : 1
    const next = tf.tidy(() => {
      const gradient = tf.mul(vectors.sums ?? tf.zerosLike(vectors.weights), scale)
      const means = tf.add(tf.mul(vectors.means, BETA1), tf.mul(gradient, 1 - BETA1))
      const squares = tf.add(tf.mul(vectors.squares, BETA2), tf.mul(tf.mul(gradient, gradient), 1 - BETA2))
      const divisor = tf.add(tf.mul(tf.sqrt(squares), 1 / root), EPSILON)
      const weights = tf.sub(tf.mul(vectors.weights, keep), tf.div(tf.mul(means, size), divisor))
      if (step % FLUSH_STEPS !== 0) return { weights, means, squares }
      return { weights, means: flush(tf, means, SMALLEST_MEAN), squares: flush(tf, squares, SMALLEST_SQUARE) }
    })
    replace(vectors, 'weights', next.weights)
    replace(vectors, 'means', next.means)
    replace(vectors, 'squares', next.squares)
    vectors.sums?.dispose()
    vectors.sums = null
  }
  scale.dispose()
}

/** Factor on the sums, on the device: reading the norm would wait for it. */
function gradientScale(
  tf: Tf,
  groups: readonly Group[],
  { clipNorm, added }: Pick<StepOptions, 'clipNorm' | 'added'>,
): Tensor {
  if (clipNorm === 0) return tf.scalar(1 / added)
  const squares = groups.flatMap(({ vectors: { sums } }) => (sums === null ? [] : [tf.sum(tf.mul(sums, sums))]))
  const norm = tf.mul(tf.sqrt(tf.addN(squares)), 1 / added)
  return tf.mul(tf.minimum(tf.div(tf.scalar(clipNorm), tf.add(norm, CLIP_EPSILON)), tf.scalar(1)), 1 / added)
}

function flush(tf: Tf, values: Tensor, smallest: number): Tensor {
  return tf.where(tf.greaterEqual(tf.abs(values), smallest), values, tf.zerosLike(values))
}
