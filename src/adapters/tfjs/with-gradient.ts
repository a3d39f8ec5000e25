import type { Tensor } from '@tensorflow/tfjs-core'
import type { Tf } from './backends.ts'

// All operations bring gradients of their own. Those of TensorFlow.js are not in its core package; some are missing in WebAssembly
// (of a gather), wrong (of SquaredDifference with broadcasting), or slow there (of products, which transpose while they multiply).

export interface Forward {
  readonly value: Tensor
  /** What the way back needs: everything else is gone by then. */
  readonly saved?: readonly Tensor[]
  /** The gradients of the inputs, given that of the value. */
  readonly backward: (gradient: Tensor, saved: (index: number) => Tensor) => Tensor[]
}

/** A value computed from `inputs`, with its way back. */
export function withGradient(tf: Tf, inputs: Tensor[], compute: () => Forward): Tensor {
  return tf.customGrad((...given) => {
    const save = given.at(-1)
    if (typeof save !== 'function') throw new Error('customGrad gives a function to save with')
    const { value, saved = [], backward } = compute()
    save([...saved])
    return { value, gradFunc: (gradient: Tensor, tensors: Tensor[]) => backward(gradient, (i) => at(tensors, i)) }
  })(...inputs)
}

function at(tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index]
  if (tensor === undefined) throw new Error(`nothing saved at ${index}`)
  return tensor
}
