import type { Tensor } from '@tensorflow/tfjs-core'
import { BETA1, BETA2, CLIP_EPSILON, EPSILON, isDecayed } from '../../training/adam.ts'
import type { LearningRates } from '../../training/learner.ts'
import type { Tf } from './backends.ts'
import { type Parameter, replace } from './parameters.ts'

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
export function stepAdamW(tf: Tf, parameters: readonly Parameter[], options: StepOptions): void {
  const { rates, weightDecay, clipNorm, step, added } = options
  const root = Math.sqrt(1 - BETA2 ** step)
  const scale = tf.tidy(() => gradientScale(tf, parameters, { clipNorm, added }))
  for (const parameter of parameters) {
    const rate = rates[parameter.group]
    const size = rate / (1 - BETA1 ** step)
    const keep = isDecayed(parameter.name) ? 1 - rate * weightDecay : 1
    const [mean, square, weight] = tf.tidy(() => {
      const gradient = tf.mul(parameter.sum ?? tf.zerosLike(parameter.weight), scale)
      const mean = tf.add(tf.mul(parameter.mean, BETA1), tf.mul(gradient, 1 - BETA1))
      const square = tf.add(tf.mul(parameter.square, BETA2), tf.mul(tf.mul(gradient, gradient), 1 - BETA2))
      const divisor = tf.add(tf.mul(tf.sqrt(square), 1 / root), EPSILON)
      const weight = tf.sub(tf.mul(parameter.weight, keep), tf.div(tf.mul(mean, size), divisor))
      if (step % FLUSH_STEPS !== 0) return [mean, square, weight]
      return [flush(tf, mean, SMALLEST_MEAN), flush(tf, square, SMALLEST_SQUARE), weight]
    })
    if (mean !== undefined) replace(parameter, 'mean', mean)
    if (square !== undefined) replace(parameter, 'square', square)
    if (weight !== undefined) replace(parameter, 'weight', weight)
    parameter.sum?.dispose()
    parameter.sum = null
  }
  scale.dispose()
}

/** Factor on the sums, on the device: reading the norm would wait for it. */
function gradientScale(
  tf: Tf,
  parameters: readonly Parameter[],
  { clipNorm, added }: Pick<StepOptions, 'clipNorm' | 'added'>,
): Tensor {
  if (clipNorm === 0) return tf.scalar(1 / added)
  const squares = parameters.flatMap(({ sum }) => (sum === null ? [] : [tf.sum(tf.mul(sum, sum))]))
  const norm = tf.mul(tf.sqrt(tf.sum(tf.stack(squares))), 1 / added)
  return tf.mul(tf.minimum(tf.div(tf.scalar(clipNorm), tf.add(norm, CLIP_EPSILON)), tf.scalar(1)), 1 / added)
}

function flush(tf: Tf, values: Tensor, smallest: number): Tensor {
  return tf.where(tf.greaterEqual(tf.abs(values), smallest), values, tf.zerosLike(values))
}
