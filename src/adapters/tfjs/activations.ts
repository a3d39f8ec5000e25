import type { Tensor } from '@tensorflow/tfjs-core'
import { TANH_CUBE, TANH_SCALE } from '../../training/encoders/activations.ts'
import type { Activation } from '../../training/encoders/encoder-config.ts'
import type { Tf } from './backends.ts'
import { withGradient } from './with-gradient.ts'

/** Of the feed-forward block. */
export const ACTIVATIONS: Readonly<Record<Activation, (tf: Tf, x: Tensor) => Tensor>> = {
  gelu,
  'tanh-gelu': tanhGelu,
  relu,
}

/** Exact: x times the normal distribution's integral up to x. */
function gelu(tf: Tf, x: Tensor): Tensor {
  return withGradient(tf, [x], () => {
    const share = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5)
    return {
      value: tf.mul(x, share),
      saved: [x, share],
      backward: (gradient, saved) => {
        const [x, share] = [saved(0), saved(1)]
        const density = tf.mul(tf.exp(tf.mul(tf.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
        return [tf.mul(gradient, tf.add(share, tf.mul(x, density)))]
      },
    }
  })
}

/** Its approximation: x/2 (1 + tanh(c (x + k x^3))). */
function tanhGelu(tf: Tf, x: Tensor): Tensor {
  return withGradient(tf, [x], () => {
    const bent = tf.tanh(tf.mul(tf.mul(x, tf.add(tf.mul(tf.mul(x, x), TANH_CUBE), 1)), TANH_SCALE))
    return {
      value: tf.mul(x, tf.mul(tf.add(bent, 1), 0.5)),
      saved: [x, bent],
      backward: (gradient, saved) => {
        const [x, bent] = [saved(0), saved(1)]
        const inner = tf.mul(tf.add(tf.mul(tf.mul(x, x), 3 * TANH_CUBE), 1), TANH_SCALE / 2)
        const steepness = tf.sub(1, tf.mul(bent, bent))
        const slope = tf.add(tf.mul(tf.add(bent, 1), 0.5), tf.mul(tf.mul(x, steepness), inner))
        return [tf.mul(gradient, slope)]
      },
    }
  })
}

function relu(tf: Tf, x: Tensor): Tensor {
  return withGradient(tf, [x], () => {
    const value = tf.relu(x)
    return { value, saved: [value], backward: (gradient, saved) => [tf.mul(gradient, tf.step(saved(0)))] }
  })
}
