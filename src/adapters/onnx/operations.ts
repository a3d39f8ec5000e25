import type { Graph, Value } from './graph.ts'
import {
  batchedProduct,
  binary,
  columnSums,
  dimension,
  product,
  reshaped,
  sumOver,
  sumTo,
  transposed,
  unary,
} from './primitives.ts'

// Differentiable operations. Each adds its forward nodes and records its backward pass.

export function add(graph: Graph, a: Value, b: Value): Value {
  return graph.differentiable(binary(graph, 'Add', a, b), [a, b], (gradient) => [
    a.differentiable ? sumTo(graph, gradient, a.shape) : null,
    b.differentiable ? sumTo(graph, gradient, b.shape) : null,
  ])
}

export function multiply(graph: Graph, a: Value, b: Value): Value {
  return graph.differentiable(binary(graph, 'Mul', a, b), [a, b], (gradient) => [
    a.differentiable ? sumTo(graph, binary(graph, 'Mul', gradient, b), a.shape) : null,
    b.differentiable ? sumTo(graph, binary(graph, 'Mul', gradient, a), b.shape) : null,
  ])
}

export function scale(graph: Graph, x: Value, factor: number): Value {
  return multiply(graph, x, graph.scalar(factor))
}

export function reshape(graph: Graph, x: Value, shape: readonly number[]): Value {
  return graph.differentiable(reshaped(graph, x, shape), [x], (gradient) => [reshaped(graph, gradient, x.shape)])
}

export function tanh(graph: Graph, x: Value): Value {
  const y = unary(graph, 'Tanh', x)
  return graph.differentiable(y, [x], (gradient) => [
    binary(graph, 'Mul', gradient, binary(graph, 'Sub', graph.scalar(1), binary(graph, 'Mul', y, y))),
  ])
}

/** a @ b for matrices. */
export function matrixProduct(graph: Graph, a: Value, b: Value): Value {
  return graph.differentiable(product(graph, a, b, null), [a, b], (gradient) => [
    a.differentiable ? product(graph, gradient, b, null, { transposeB: true }) : null,
    b.differentiable ? product(graph, a, gradient, null, { transposeA: true }) : null,
  ])
}

/** alpha * x @ weight^T + bias. x [rows, in], weight [out, in], bias [out]. */
export function linear(graph: Graph, x: Value, weight: Value, bias: Value, alpha = 1): Value {
  const y = product(graph, x, weight, bias, { transposeB: true, alpha })
  return graph.differentiable(y, [x, weight, bias], (gradient) => [
    x.differentiable ? product(graph, gradient, weight, null, { alpha }) : null,
    weight.differentiable ? product(graph, gradient, x, null, { transposeA: true, alpha }) : null,
    bias.differentiable ? columnSums(graph, gradient) : null,
  ])
}

/** Over the last axis. x [rows, size], gain and offset [size]. */
export function layerNorm(graph: Graph, x: Value, gain: Value, offset: Value, epsilon: number): Value {
  const [rows, size] = [dimension(x.shape, 0), dimension(x.shape, 1)]
  const attributes = { axis: -1, epsilon: { float: epsilon } }
  const shapes = [x.shape, [rows, 1], [rows, 1]]
  const [y, mean, inverseDeviation] = graph.nodeOutputs('LayerNormalization', [x, gain, offset], shapes, { attributes })
  if (y === undefined || mean === undefined || inverseDeviation === undefined) throw new Error('LayerNormalization')
  const times = (a: Value, b: Value) => binary(graph, 'Mul', a, b)
  const minus = (a: Value, b: Value) => binary(graph, 'Sub', a, b)
  return graph.differentiable(y, [x, gain, offset], (gradient) => {
    const normalized = times(minus(x, mean), inverseDeviation)
    const gradientTimesNormalized = times(gradient, normalized)
    const gainGradient = gain.differentiable ? columnSums(graph, gradientTimesNormalized) : null
    const offsetGradient = offset.differentiable ? columnSums(graph, gradient) : null
    if (!x.differentiable) return [null, gainGradient, offsetGradient]
    // The means over a row of gradient * gain and of gradient * gain * normalized, as products with gain / size.
    const meanGain = reshaped(graph, times(gain, graph.scalar(1 / size)), [size, 1])
    const mean1 = graph.node('MatMul', [gradient, meanGain], [rows, 1])
    const mean2 = graph.node('MatMul', [gradientTimesNormalized, meanGain], [rows, 1])
    const centred = minus(minus(times(gradient, gain), mean1), times(normalized, mean2))
    return [times(centred, inverseDeviation), gainGradient, offsetGradient]
  })
}

/** Over the last axis, after adding `mask` (not differentiated). */
export function softmax(graph: Graph, x: Value, mask: Value): Value {
  const lastAxis = x.shape.length - 1
  const y = graph.node('Softmax', [binary(graph, 'Add', x, mask)], x.shape, { attributes: { axis: -1 } })
  return graph.differentiable(y, [x], (gradient) => {
    const weighted = binary(graph, 'Mul', gradient, y)
    return [binary(graph, 'Sub', weighted, binary(graph, 'Mul', y, sumOver(graph, weighted, [lastAxis])))]
  })
}

/** alpha * queries @ keys^T. [sequence, batch, size] each -> [batch, queries, keys]. */
export function attentionScores(graph: Graph, queries: Value, keys: Value, alpha: number): Value {
  const sequenceFirst = { sequenceFirstA: true, sequenceFirstB: true }
  const scores = batchedProduct(graph, queries, keys, { ...sequenceFirst, transposeB: true, alpha })
  return graph.differentiable(scores, [queries, keys], (gradient) => [
    swapFirstAxes(graph, batchedProduct(graph, gradient, keys, { sequenceFirstB: true, alpha })),
    swapFirstAxes(graph, batchedProduct(graph, gradient, queries, { transposeA: true, sequenceFirstB: true, alpha })),
  ])
}

/** probabilities [batch, queries, keys] @ values [keys, batch, size] -> [queries, batch, size]. */
export function attentionMix(graph: Graph, probabilities: Value, values: Value): Value {
  const mixed = swapFirstAxes(graph, batchedProduct(graph, probabilities, values, { sequenceFirstB: true }))
  return graph.differentiable(mixed, [probabilities, values], (gradient) => [
    batchedProduct(graph, gradient, values, { sequenceFirstA: true, sequenceFirstB: true, transposeB: true }),
    swapFirstAxes(graph, batchedProduct(graph, probabilities, gradient, { transposeA: true, sequenceFirstB: true })),
  ])
}

function swapFirstAxes(graph: Graph, x: Value): Value {
  return transposed(graph, x, [1, 0, 2])
}
