import type { Tensor } from '@tensorflow/tfjs-core'
import type { Tf } from './backends.ts'
import { withGradient } from './with-gradient.ts'

/** [length * batch, hidden] -> [groups, length, size]: a group is a head of a row, and `size` its share of hidden. */
export function splitHeads(tf: Tf, x: Tensor, groups: number, size: number): Tensor {
  return withGradient(tf, [x], () => ({
    value: split(tf, x, groups, size),
    backward: (gradient) => [merge(tf, gradient, x.shape)],
  }))
}

/** Back again, to `shape`. */
export function mergeHeads(tf: Tf, x: Tensor, shape: number[]): Tensor {
  const [groups = 0, , size = 0] = x.shape
  return withGradient(tf, [x], () => ({
    value: merge(tf, x, shape),
    backward: (gradient) => [split(tf, gradient, groups, size)],
  }))
}

/** factor * queries @ keys^T in each group. */
export function attentionScores(tf: Tf, queries: Tensor, keys: Tensor, factor: number): Tensor {
  return withGradient(tf, [queries, keys], () => ({
    value: tf.mul(tf.matMul(queries, keys, false, true), factor),
    saved: [queries, keys],
    backward: (gradient, saved) => {
      const scaled = tf.mul(gradient, factor)
      return [tf.matMul(scaled, saved(1)), tf.matMul(scaled, saved(0), true, false)]
    },
  }))
}

/** probabilities @ values in each group. */
export function attentionMix(tf: Tf, probabilities: Tensor, values: Tensor): Tensor {
  return withGradient(tf, [probabilities, values], () => ({
    value: tf.matMul(probabilities, values),
    saved: [probabilities, values],
    backward: (gradient, saved) => [
      tf.matMul(gradient, saved(1), false, true),
      tf.matMul(saved(0), gradient, true, false),
    ],
  }))
}

/** Over the last axis, after adding `mask`, which is data. */
export function maskedSoftmax(tf: Tf, x: Tensor, mask: Tensor): Tensor {
  return withGradient(tf, [x], () => {
    const value = tf.softmax(tf.add(x, mask))
    return {
      value,
      saved: [value],
      backward: (gradient, saved) => {
        const weighted = tf.mul(gradient, saved(0))
        return [tf.sub(weighted, tf.mul(saved(0), tf.sum(weighted, -1, true)))]
      },
    }
  })
}

function split(tf: Tf, x: Tensor, groups: number, size: number): Tensor {
  return tf.transpose(tf.reshape(x, [-1, groups, size]), [1, 0, 2])
}

function merge(tf: Tf, x: Tensor, shape: number[]): Tensor {
  return tf.reshape(tf.transpose(x, [1, 0, 2]), shape)
}
