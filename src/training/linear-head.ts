import type { Weights } from '../ports/trainer.ts'
import { BETA1, BETA2, clipFactor, EPSILON, isDecayed } from './adam.ts'
import { HEAD_BIAS, HEAD_WEIGHT } from './classifier.ts'
import type { LabelledRow, LearnerState } from './learner.ts'
import { bytesOf, type Numbers, readInto } from './learner-state.ts'
import { rowLoss } from './row-loss.ts'

/** A linear classifier over features, in plain arithmetic: it is small beside the body that makes the features. */
export interface LinearHead {
  /** Logits [rows, classes]. */
  logits(features: readonly Float32Array[]): Float32Array
  /** Adds the gradients of the mean loss of the rows' task over the rows, which it returns. */
  learn(features: readonly Float32Array[], rows: readonly Pick<LabelledRow, 'label' | 'task'>[]): number
  /** A step of AdamW with the mean of what was added since the last. */
  step(rate: number): void
  /** The mean of the gradients added since the last step. */
  gradients(): ReadonlyMap<string, Float32Array>
  /** Copies of the weights now. */
  weights(): Weights[]
  load(weights: readonly Weights[]): void
  /** Weights, moments and steps, and back. */
  save(): LearnerState
  restore(state: LearnerState): boolean
}

interface Parameter extends Weights {
  readonly gradients: Float64Array
  readonly means: Float64Array
  readonly squares: Float64Array
}

export function createLinearHead(
  start: readonly Weights[],
  options: { readonly weightDecay: number; readonly clipNorm: number } = { weightDecay: 0, clipNorm: 0 },
): LinearHead {
  const parameters = start.map(
    ({ name, shape, data }): Parameter => ({
      name,
      shape,
      data: data.slice(),
      gradients: new Float64Array(data.length),
      means: new Float64Array(data.length),
      squares: new Float64Array(data.length),
    }),
  )
  const weight = parameterOf(parameters, HEAD_WEIGHT)
  const bias = parameterOf(parameters, HEAD_BIAS)
  const classes = bias.data.length
  const hidden = weight.data.length / classes
  let added = 0
  let steps = 0

  function logits(features: readonly Float32Array[]): Float32Array {
    const found = new Float32Array(features.length * classes)
    for (const [row, numbers] of features.entries()) {
      for (let label = 0; label < classes; label++) {
        let sum = bias.data[label] ?? 0
        for (let column = 0; column < hidden; column++) {
          sum += (weight.data[label * hidden + column] ?? 0) * (numbers[column] ?? 0)
        }
        found[row * classes + label] = sum
      }
    }
    return found
  }

  function addGradients(features: Float32Array, label: number, factor: number): void {
    bias.gradients[label] = (bias.gradients[label] ?? 0) + factor
    for (let column = 0; column < hidden; column++) {
      const place = label * hidden + column
      weight.gradients[place] = (weight.gradients[place] ?? 0) + factor * (features[column] ?? 0)
    }
  }

  function learn(features: readonly Float32Array[], rows: readonly Pick<LabelledRow, 'label' | 'task'>[]): number {
    const scores = logits(features)
    let loss = 0
    for (const [row, numbers] of features.entries()) {
      const target = rows[row]
      if (target === undefined) throw new RangeError('features and rows differ in number')
      const own = rowLoss(scores.subarray(row * classes, (row + 1) * classes), target)
      loss += own.loss / features.length
      for (const [output, gradient] of own.gradients.entries())
        addGradients(numbers, output, gradient / features.length)
    }
    added++
    return loss
  }

  function step(rate: number): void {
    steps++
    const squares = parameters.flatMap(({ gradients }) => gradients.reduce((sum, value) => sum + value * value, 0))
    const norm = Math.sqrt(squares.reduce((sum, value) => sum + value, 0)) / added
    const scale = clipFactor(norm, options.clipNorm) / added
    for (const parameter of parameters) update(parameter, { rate, scale, steps, weightDecay: options.weightDecay })
    added = 0
  }

  return {
    logits,
    learn,
    step,
    gradients: () =>
      new Map(parameters.map(({ name, gradients }) => [name, Float32Array.from(gradients, (sum) => sum / added)])),
    weights: () => parameters.map(({ name, shape, data }) => ({ name, shape, data: data.slice() })),
    load(weights) {
      for (const { name, data } of weights) parameterOf(parameters, name).data.set(data)
    },
    save: () => ({
      steps: bytesOf(Float64Array.of(steps)),
      ...Object.fromEntries(statesOf(parameters).map(([name, numbers]) => [name, bytesOf(numbers)])),
    }),
    restore: (state) => {
      const done = new Float64Array(1)
      const isRead = readInto([['steps', done], ...statesOf(parameters)], state)
      if (isRead) steps = done[0] ?? 0
      return isRead
    },
  }
}

interface Update {
  readonly rate: number
  readonly scale: number
  readonly steps: number
  readonly weightDecay: number
}

/** AdamW; the gradients become zero. */
function update(
  { name, data, gradients, means, squares }: Parameter,
  { rate, scale, steps, weightDecay }: Update,
): void {
  const size = rate / (1 - BETA1 ** steps)
  const root = Math.sqrt(1 - BETA2 ** steps)
  const keep = isDecayed(name) ? 1 - rate * weightDecay : 1
  for (const [index, sum] of gradients.entries()) {
    const gradient = sum * scale
    const mean = BETA1 * (means[index] ?? 0) + (1 - BETA1) * gradient
    const square = BETA2 * (squares[index] ?? 0) + (1 - BETA2) * gradient * gradient
    means[index] = mean
    squares[index] = square
    data[index] = (data[index] ?? 0) * keep - (size * mean) / (Math.sqrt(square) / root + EPSILON)
  }
  gradients.fill(0)
}

function statesOf(parameters: readonly Parameter[]): (readonly [string, Numbers])[] {
  return parameters.flatMap(({ name, data, means, squares }) => [
    [name, data] as const,
    [`means ${name}`, means] as const,
    [`squares ${name}`, squares] as const,
  ])
}

function parameterOf(parameters: readonly Parameter[], name: string): Parameter {
  const found = parameters.find((parameter) => parameter.name === name)
  if (found === undefined) throw new Error(`a head has ${name}`)
  return found
}
