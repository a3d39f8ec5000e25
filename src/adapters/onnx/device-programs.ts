import { BETA1, BETA2, CLIP_EPSILON, EPSILON, isDecayed } from '../../training/adam.ts'
import type { DropoutMask, WeightOf } from './encoder.ts'
import { Graph, I64, type Value } from './graph.ts'
import type { ParameterSpec } from './parameters.ts'
import { binary, dimension, sumOver, unary } from './primitives.ts'
import { type Program, weightInputs } from './program.ts'

// Graphs whose weights, moments and gradients stay on the GPU: outputs of one run are inputs of the next.

/** Prefixes of inputs: `mean:NAME` and so on. Weights go by their name alone when they are inputs. */
export const SUM = 'sum:'
export const MEAN = 'mean:'
export const SQUARE = 'square:'
export const WEIGHT = 'weight:'
/** Before that, of outputs. */
export const NEXT = 'next:'

const PLAIN = { isPlain: true }

/**
 * Forward and backward of one batch. Inputs beside those of `define`: every trained parameter's `sum:` and the scalar `carry`. Outputs:
 * `loss`, and every `next:sum:`: the sum times `carry` (0 begins anew) plus the gradient.
 */
export function defineAccumulation(
  parameters: readonly ParameterSpec[],
  define: (graph: Graph, weight: WeightOf, masks: DropoutMask[]) => Value,
): Program {
  const graph = new Graph(PLAIN)
  const masks: DropoutMask[] = []
  const { weight, used } = weightInputs(graph, parameters)
  const loss = define(graph, weight, masks)
  graph.output('loss', loss)
  const gradients = graph.gradients(loss)
  const carry = graph.input('carry', [])
  for (const { name, shape } of trainedOf(parameters)) {
    const value = used.get(name)
    if (value === undefined) throw new Error(`the graph doesn't use ${name}`)
    const [dense, rows] = [gradients.get(value), graph.rowGradients.get(value)]
    let sum = binary(graph, 'Mul', graph.input(SUM + name, shape), carry)
    if (dense !== undefined) sum = binary(graph, 'Add', sum, dense)
    if (rows !== undefined) sum = addRows(graph, sum, rows)
    graph.output(NEXT + SUM + name, sum)
  }
  return { graph, masks }
}

/** Adds a gradient for each looked-up token to the table's. That of padding is zero. */
function addRows(graph: Graph, table: Value, rows: Value): Value {
  const ids = graph.inputs.find(({ name }) => name === 'ids')
  if (ids === undefined) throw new Error('the graph looks up no ids')
  const shape = [dimension(rows.shape, 0), 1]
  const as64 = graph.node('Cast', [ids], ids.shape, { type: I64, attributes: { to: I64 } })
  const indices = graph.node('Reshape', [as64, graph.integers(shape)], shape, { type: I64 })
  return graph.node('ScatterND', [table, indices, rows], table.shape, { attributes: { reduction: 'add' } })
}

/** The numbers that a step depends on, each an input. */
export interface StepNumbers {
  /** One over the batches whose gradients were added. */
  readonly share: number
  /** 1 / sqrt(1 - BETA2^step) */
  readonly root: number
  /** rate / (1 - BETA1^step), and 1 - rate * weightDecay, of body and head. */
  readonly bodySize: number
  readonly bodyKeep: number
  readonly headSize: number
  readonly headKeep: number
}

/** A step of AdamW with the mean of the gradients, clipped by their common norm. Outputs: `next:weight:`, `next:mean:` and `next:square:` of all. */
export function defineStep(parameters: readonly ParameterSpec[], { clipNorm }: { readonly clipNorm: number }): Graph {
  const graph = new Graph(PLAIN)
  const plus = (a: Value, b: Value) => binary(graph, 'Add', a, b)
  const times = (a: Value, b: Value) => binary(graph, 'Mul', a, b)
  const number = (name: keyof StepNumbers) => graph.input(name, [])
  const numbers = {
    share: number('share'),
    root: number('root'),
    body: { size: number('bodySize'), keep: number('bodyKeep') },
    head: { size: number('headSize'), keep: number('headKeep') },
  }
  const trained = trainedOf(parameters).map((spec) => ({ ...spec, sum: graph.input(SUM + spec.name, spec.shape) }))
  let scale = numbers.share
  if (clipNorm > 0) {
    const squares = trained.map(({ sum }) => sumOfSquares(graph, sum)).reduce(plus)
    const norm = times(unary(graph, 'Sqrt', squares), numbers.share)
    const factor = binary(graph, 'Div', graph.scalar(clipNorm), plus(norm, graph.scalar(CLIP_EPSILON)))
    scale = times(binary(graph, 'Min', factor, graph.scalar(1)), numbers.share)
  }
  for (const { name, shape, sum, group } of trained) {
    const { size, keep } = numbers[group]
    const gradient = times(sum, scale)
    const mean = plus(
      times(graph.input(MEAN + name, shape), graph.scalar(BETA1)),
      times(gradient, graph.scalar(1 - BETA1)),
    )
    const square = plus(
      times(graph.input(SQUARE + name, shape), graph.scalar(BETA2)),
      times(times(gradient, gradient), graph.scalar(1 - BETA2)),
    )
    const divisor = plus(times(unary(graph, 'Sqrt', square), numbers.root), graph.scalar(EPSILON))
    const weight = graph.input(name, shape)
    const kept = isDecayed(name) ? times(weight, keep) : weight
    graph.output(NEXT + WEIGHT + name, binary(graph, 'Sub', kept, binary(graph, 'Div', times(mean, size), divisor)))
    graph.output(NEXT + MEAN + name, mean)
    graph.output(NEXT + SQUARE + name, square)
  }
  return graph
}

export function trainedOf(parameters: readonly ParameterSpec[]): readonly ParameterSpec[] {
  return parameters.filter(({ gradient }) => gradient !== 'none')
}

function sumOfSquares(graph: Graph, x: Value): Value {
  const sum = sumOver(graph, binary(graph, 'Mul', x, x), [...x.shape.keys()])
  return graph.node('Reshape', [sum, graph.integers([])], [])
}
