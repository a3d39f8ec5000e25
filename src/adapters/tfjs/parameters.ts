import type { Tensor } from '@tensorflow/tfjs-core'
import type { Weights } from '../../ports/trainer.ts'
import { isDecayed } from '../../training/adam.ts'
import type { ClassifierShape } from '../../training/classifier.ts'
import { isWeight, tensorName } from '../../training/encoders/encoder-body.ts'
import type { LearnerOptions } from '../../training/engine.ts'
import { isFixed } from '../../training/freezing.ts'
import { elementCount } from '../../training/shape.ts'
import type { Tf } from './backends.ts'

/** Where in its group's vectors a weight is. */
export interface Member {
  readonly name: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly count: number
}

/** What training knows of a group, each a vector of all its members: owned here and replaced, never changed. */
export interface Vectors {
  weights: Tensor
  /** Adam's moments. */
  means: Tensor
  squares: Tensor
  /** Gradients added since the last step. */
  sums: Tensor | null
  /** The weights as they were when they were kept. */
  kept: Tensor | null
}

/** Weights that step alike, end to end: a few large operations of the optimizer instead of many small ones. */
export interface Group {
  readonly rate: 'body' | 'head'
  readonly decays: boolean
  readonly members: readonly Member[]
  readonly count: number
  readonly vectors: Vectors
}

/** The weights that learn. */
export function createGroups(tf: Tf, { shape, body, head, plan }: Omit<LearnerOptions, 'batch' | 'longest'>): Group[] {
  const trained = body.filter(({ name }) => isWeight(name) && !isFixed(name, shape, plan.freeze))
  return [true, false].flatMap((decays) =>
    [{ rate: 'body', weights: trained } as const, { rate: 'head', weights: head } as const].map(({ rate, weights }) =>
      createGroup(tf, rate, decays, weights),
    ),
  )
}

/** The weights that stay as they are, by name. */
export function createFrozen(
  tf: Tf,
  { shape, body, plan }: Pick<LearnerOptions, 'shape' | 'body' | 'plan'>,
): Map<string, Tensor> {
  const frozen = body.filter(({ name }) => isWeight(name) && isFixed(name, shape, plan.freeze))
  return new Map(frozen.map(({ name, shape, data }) => [name, tf.tensor(data.slice(), [...shape])]))
}

function createGroup(tf: Tf, rate: Group['rate'], decays: boolean, weights: readonly Weights[]): Group {
  const chosen = weights.filter(({ name }) => isDecayed(name) === decays)
  let count = 0
  const members = chosen.map(({ name, shape }) => {
    const member = { name, shape, offset: count, count: elementCount(shape) }
    count += member.count
    return member
  })
  const values = new Float32Array(count)
  for (const [index, { data }] of chosen.entries()) values.set(data, members[index]?.offset)
  const vectors = {
    weights: tf.tensor(values, [count]),
    means: tf.zeros([count]),
    squares: tf.zeros([count]),
    sums: null,
    kept: null,
  }
  return { rate, decays, members, count, vectors }
}

/** A member's part of a vector, in its shape. */
export function partOf(tf: Tf, vector: Tensor, { shape, offset, count }: Member): Tensor {
  return tf.reshape(tf.slice(vector, [offset], [count]), [...shape])
}

/** Replaces a vector. */
export function replace(vectors: Vectors, name: keyof Vectors, next: Tensor): void {
  vectors[name]?.dispose()
  vectors[name] = next
}

export function disposeGroups(groups: readonly Group[]): void {
  for (const { vectors } of groups) for (const vector of Object.values(vectors)) vector?.dispose()
}

/** Finds tensors by name: the body's by those in `BertModel`, and a head's. */
export function byName(tensors: ReadonlyMap<string, Tensor>, shape: ClassifierShape): (name: string) => Tensor {
  return (name) => {
    const tensor = tensors.get(tensorName(shape, name)) ?? tensors.get(name)
    if (tensor === undefined) throw new Error(`no weight ${name}`)
    return tensor
  }
}

/** A copy of what is on the device. */
export async function readTensor(tensor: Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data())
}
