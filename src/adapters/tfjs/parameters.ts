import type { Tensor } from '@tensorflow/tfjs-core'
import type { Weights } from '../../ports/trainer.ts'
import { isWeight } from '../../training/bert-config.ts'
import type { LearnerOptions } from '../../training/engine.ts'
import type { Tf } from './backends.ts'

/** A weight under training, and all that training knows about it. Each tensor is owned here and replaced, never changed. */
export interface Parameter {
  readonly name: string
  readonly group: 'body' | 'head'
  weight: Tensor
  /** Adam's moments. */
  mean: Tensor
  square: Tensor
  /** Gradients added since the last step. */
  sum: Tensor | null
  /** The weight as it was when it was kept. */
  kept: Tensor | null
}

const SLOTS = ['weight', 'mean', 'square', 'sum', 'kept'] as const

export function createParameters(tf: Tf, { body, head }: Pick<LearnerOptions, 'body' | 'head'>): Parameter[] {
  const create = (group: Parameter['group'], { name, shape, data }: Weights): Parameter => ({
    name,
    group,
    weight: weightTensor(tf, { shape, data }),
    mean: tf.zeros([...shape]),
    square: tf.zeros([...shape]),
    sum: null,
    kept: null,
  })
  return [
    ...body.filter(({ name }) => isWeight(name)).map((weights) => create('body', weights)),
    ...head.map((weights) => create('head', weights)),
  ]
}

/** A copy of weights on the device. */
export function weightTensor(tf: Tf, { shape, data }: Pick<Weights, 'shape' | 'data'>): Tensor {
  return tf.tensor(data.slice(), [...shape], 'float32')
}

/** Replaces a tensor of `parameter`. */
export function replace(parameter: Parameter, slot: 'weight' | 'mean' | 'square' | 'sum' | 'kept', next: Tensor): void {
  parameter[slot]?.dispose()
  parameter[slot] = next
}

export function disposeParameters(parameters: readonly Parameter[]): void {
  for (const parameter of parameters) for (const slot of SLOTS) parameter[slot]?.dispose()
}

/** Finds tensors by name, with or without the body's prefix. */
export function byName(tensors: ReadonlyMap<string, Tensor>, prefix: string): (name: string) => Tensor {
  return (name) => {
    const tensor = tensors.get(prefix + name) ?? tensors.get(name)
    if (tensor === undefined) throw new Error(`no weight ${name}`)
    return tensor
  }
}

/** Copies of what is on the device. */
export async function readTensor(tensor: Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data())
}
