import type { Tensor } from '@tensorflow/tfjs-core'
import type { Tf } from './backends.ts'
import type { LossTensors, OutputLossTensors } from './inputs.ts'
import { withGradient } from './with-gradient.ts'

/** Of equal shapes. */
export function add(tf: Tf, a: Tensor, b: Tensor): Tensor {
  return withGradient(tf, [a, b], () => ({
    value: tf.add(a, b),
    backward: (gradient) => [gradient.clone(), gradient.clone()],
  }))
}

/** x * factors, which are data of the same shape. */
export function multiply(tf: Tf, x: Tensor, factors: Tensor): Tensor {
  return withGradient(tf, [x], () => ({
    value: tf.mul(x, factors),
    saved: [factors],
    backward: (gradient, saved) => [tf.mul(gradient, saved(0))],
  }))
}

export function tanh(tf: Tf, x: Tensor): Tensor {
  return withGradient(tf, [x], () => {
    const value = tf.tanh(x)
    return {
      value,
      saved: [value],
      backward: (gradient, saved) => [tf.mul(gradient, tf.sub(1, tf.mul(saved(0), saved(0))))],
    }
  })
}

/** `count` rows of x [rows, size], from row `first` on. */
export function rowsFrom(tf: Tf, x: Tensor, first: number, count: number): Tensor {
  const [rows = 0, size = 0] = x.shape
  return withGradient(tf, [x], () => ({
    value: tf.slice(x, [first, 0], [count, size]),
    backward: (gradient) => [
      tf.pad(gradient, [
        [first, rows - first - count],
        [0, 0],
      ]),
    ],
  }))
}

/** x [length * batch, size] + rows [length, size], each to all rows of the batch. */
export function addToEach(tf: Tf, x: Tensor, rows: Tensor): Tensor {
  const [length = 0, size = 0] = rows.shape
  const grouped = [length, -1, size]
  return withGradient(tf, [x, rows], () => ({
    value: tf.reshape(tf.add(tf.reshape(x, grouped), tf.reshape(rows, [length, 1, size])), x.shape),
    backward: (gradient) => [gradient.clone(), tf.sum(tf.reshape(gradient, grouped), 1)],
  }))
}

/** x @ weight^T + bias. x [rows, in], weight [out, in], bias [out]. */
export function linear(tf: Tf, x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return withGradient(tf, [x, weight, bias], () => ({
    value: tf.add(tf.matMul(x, tf.transpose(weight)), bias),
    saved: [x, weight],
    backward: (gradient, saved) => [
      tf.matMul(gradient, saved(1)),
      tf.matMul(tf.transpose(gradient), saved(0)),
      columnSums(tf, gradient),
    ],
  }))
}

/** choices @ table, for choices [rows, count] that are data, and table [count, size]. */
export function choose(tf: Tf, choices: Tensor, table: Tensor): Tensor {
  return withGradient(tf, [table], () => ({
    value: tf.matMul(choices, table),
    saved: [choices],
    backward: (gradient, saved) => [tf.matMul(tf.transpose(saved(0)), gradient)],
  }))
}

/** Rows of table [count, size] by `ids` [rows], which are data. */
export function lookUp(tf: Tf, table: Tensor, ids: Tensor): Tensor {
  const [count = 0, size = 0] = table.shape
  return withGradient(tf, [table], () => ({
    value: tf.gather(table, tf.cast(ids, 'int32')),
    saved: [ids],
    backward: (gradient, saved) => [tf.scatterND(tf.reshape(saved(0), [-1, 1]), gradient, [count, size])],
  }))
}

/** Over the last axis. x [rows, size], gain and offset [size]. */
export function layerNorm(tf: Tf, x: Tensor, gain: Tensor, offset: Tensor, epsilon: number): Tensor {
  return withGradient(tf, [x, gain, offset], () => {
    const centred = tf.sub(x, tf.mean(x, -1, true))
    const inverseDeviation = tf.rsqrt(tf.add(tf.mean(tf.mul(centred, centred), -1, true), epsilon))
    const normalized = tf.mul(centred, inverseDeviation)
    return {
      value: tf.add(tf.mul(normalized, gain), offset),
      saved: [normalized, inverseDeviation, gain],
      backward: (gradient, saved) => {
        const [normalized, inverseDeviation, gain] = [saved(0), saved(1), saved(2)]
        const scaled = tf.mul(gradient, gain)
        const mean1 = tf.mean(scaled, -1, true)
        const mean2 = tf.mean(tf.mul(scaled, normalized), -1, true)
        return [
          tf.mul(tf.sub(tf.sub(scaled, mean1), tf.mul(normalized, mean2)), inverseDeviation),
          columnSums(tf, tf.mul(gradient, normalized)),
          columnSums(tf, gradient),
        ]
      },
    }
  })
}

/**
 * Weighted sum over rows of -log softmax(logits + choices)[row's class]. `target` [rows, classes] holds each row's weight in the
 * column of its class, `weight` [rows, 1] the same weights.
 */
export function crossEntropy(tf: Tf, logits: Tensor, { target, weight, choices }: LossTensors): Tensor {
  return withGradient(tf, [logits], () => {
    const chosen = tf.add(logits, choices)
    const centred = tf.sub(chosen, tf.max(chosen, -1, true))
    const logProbabilities = tf.sub(centred, tf.log(tf.sum(tf.exp(centred), -1, true)))
    return {
      value: tf.neg(tf.sum(tf.mul(logProbabilities, target))),
      saved: [logProbabilities, target, weight],
      backward: (gradient, saved) => [tf.mul(gradient, tf.sub(tf.mul(tf.exp(saved(0)), saved(2)), saved(1)))],
    }
  })
}

/** Weighted sum of the binary cross-entropies of sigmoid(logits) and `target`, 0 or 1. All [rows, outputs]. */
export function binaryCrossEntropy(tf: Tf, logits: Tensor, { target, weight }: OutputLossTensors): Tensor {
  return withGradient(tf, [logits], () => {
    // log(1 + exp(x)) where exp(x) may overflow.
    const softplus = tf.add(tf.relu(logits), tf.log(tf.add(tf.exp(tf.neg(tf.abs(logits))), 1)))
    return {
      value: tf.sum(tf.mul(tf.sub(softplus, tf.mul(logits, target)), weight)),
      saved: [logits, target, weight],
      backward: (gradient, saved) => [tf.mul(gradient, tf.mul(tf.sub(tf.sigmoid(saved(0)), saved(1)), saved(2)))],
    }
  })
}

/** Weighted sum of the squared differences of `outputs` and `target`. All [rows, outputs]. */
export function squaredError(tf: Tf, outputs: Tensor, { target, weight }: OutputLossTensors): Tensor {
  return withGradient(tf, [outputs], () => {
    const difference = tf.sub(outputs, target)
    const weighted = tf.mul(difference, weight)
    return {
      value: tf.sum(tf.mul(weighted, difference)),
      saved: [weighted],
      backward: (gradient, saved) => [tf.mul(gradient, tf.mul(saved(0), 2))],
    }
  })
}

/** [rows, columns] -> [columns], as a product with ones: faster than a sum over the first axis. */
function columnSums(tf: Tf, x: Tensor): Tensor {
  const [rows = 0, columns = 0] = x.shape
  return tf.reshape(tf.matMul(tf.ones([1, rows]), x), [columns])
}
