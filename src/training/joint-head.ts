import type { Head, Weights } from '../ports/trainer.ts'
import { type ClassifierShape, HEAD_BIAS, HEAD_WEIGHT, startingHead } from './classifier.ts'
import type { LabelSpace } from './labels.ts'
import { outputsOf } from './scores.ts'

/** Heads of several tasks as one classifier: their outputs one after the other. */
export interface JointHead {
  readonly classes: number
  readonly weights: readonly Weights[]
  /** Which outputs are a task's. */
  readonly choices: readonly (readonly [from: number, to: number])[]
  /** Each task's own head, out of the joint one's weights. */
  split(weights: readonly Weights[]): Head[]
}

/** Joins the heads that tasks start with: those given where they fit the labels, else new ones, each from a seed of its own. */
export function joinHeads(
  { config, body }: Pick<ClassifierShape, 'config' | 'body'>,
  tasks: readonly (LabelSpace & { readonly head: Head | null })[],
  seed: number,
): JointHead {
  const starts = tasks.map((task, index) => {
    return startingHead({ config, body, classes: outputsOf(task) }, task.head, task, seed + index).weights
  })
  let classes = 0
  const choices = tasks.map((task): readonly [number, number] => {
    const from = classes
    classes += outputsOf(task)
    return [from, classes]
  })
  const hidden = config.hiddenSize
  const joined = (name: string, shape: readonly number[]): Weights => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
    for (const [index, weights] of starts.entries()) {
      data.set(dataOf(weights, name), ((choices[index]?.[0] ?? 0) * data.length) / classes)
    }
    return { name, shape, data }
  }
  return {
    classes,
    weights: [joined(HEAD_WEIGHT, [classes, hidden]), joined(HEAD_BIAS, [classes])],
    choices,
    split: (weights) =>
      tasks.map(({ task, labels }, index) => {
        const [from, to] = choices[index] ?? [0, 0]
        const part = (name: string, width: number) => dataOf(weights, name).slice(from * width, to * width)
        return {
          ...(task && { task }),
          labels,
          weights: [
            { name: HEAD_WEIGHT, shape: [to - from, hidden], data: part(HEAD_WEIGHT, hidden) },
            { name: HEAD_BIAS, shape: [to - from], data: part(HEAD_BIAS, 1) },
          ],
        }
      }),
  }
}

function dataOf(weights: readonly Weights[], name: string): Float32Array {
  const found = weights.find((tensor) => tensor.name === name)
  if (found === undefined) throw new Error(`a head has ${name}`)
  return found.data
}
