import type { Graph, Value } from './graph.ts'
import { binary, dimension, sumOver, unary } from './primitives.ts'

// Differentiable operations that pick rows, and losses.

/** Rows of `table` by `ids` [count]. The table's gradient stays per looked-up row: graph.rowGradients. */
export function lookUpRows(graph: Graph, table: Value, ids: Value): Value {
  const rows = graph.node('Gather', [table, ids], [dimension(ids.shape, 0), dimension(table.shape, 1)])
  return graph.differentiable(rows, [table], (gradient) => {
    graph.rowGradients.set(table, gradient)
    return [null]
  })
}

/** Rows of an inner value x [rows, size] by `positions` [count]. */
export function pickRows(graph: Graph, x: Value, positions: Value): Value {
  const shape = [dimension(positions.shape, 0), dimension(x.shape, 1)]
  const rows = graph.node('Gather', [x, positions], shape)
  return graph.differentiable(rows, [x], (gradient) => {
    const zeros = graph.node('ConstantOfShape', [graph.integers(x.shape)], x.shape)
    const column = [dimension(positions.shape, 0), 1]
    const { type } = positions
    const indices = graph.node('Unsqueeze', [positions, graph.integers([1])], column, { type })
    const expanded = graph.node('Expand', [indices, graph.integers(shape)], shape, { type })
    // Not ScatterND: its reduction races on duplicate indices when the runtime has several threads.
    const attributes = { axis: 0, reduction: 'add' }
    return [graph.node('ScatterElements', [zeros, expanded, gradient], x.shape, { attributes })]
  })
}

/** `count` rows of x [rows, size], from row `first` on. */
export function rowsFrom(graph: Graph, x: Value, first: number, count: number): Value {
  const [rows, size] = [dimension(x.shape, 0), dimension(x.shape, 1)]
  if (rows === count) return x
  const limits = [graph.integers([first]), graph.integers([first + count]), graph.integers([0])]
  return graph.differentiable(graph.node('Slice', [x, ...limits], [count, size]), [x], (gradient) => {
    const zeros = (missing: number) => {
      const shape = [missing, size]
      return missing === 0 ? [] : [graph.node('ConstantOfShape', [graph.integers(shape)], shape)]
    }
    const parts = [...zeros(first), gradient, ...zeros(rows - first - count)]
    return [graph.node('Concat', parts, x.shape, { attributes: { axis: 0 } })]
  })
}

/**
 * Weighted sum over rows of -log softmax(logits)[row's class]. `target` [rows, classes] holds each row's weight in the column of
 * its class, zeros elsewhere; `weight` [rows, 1] the same weights: 1 / count for a mean, 0 for a row that doesn't count.
 */
export function crossEntropy(graph: Graph, logits: Value, target: Value, weight: Value): Value {
  const logProbabilities = logSoftmax(graph, logits)
  const sum = sumOver(graph, binary(graph, 'Mul', logProbabilities, target), [0, 1])
  const loss = binary(graph, 'Mul', sum, graph.scalar(-1))
  return graph.differentiable(loss, [logits], () => [
    binary(graph, 'Sub', binary(graph, 'Mul', unary(graph, 'Exp', logProbabilities), weight), target),
  ])
}

/** Weighted sum of the binary cross-entropies of sigmoid(logits) and `target`, 0 or 1. All [rows, outputs]. */
export function binaryCrossEntropy(graph: Graph, logits: Value, target: Value, weight: Value): Value {
  const losses = binary(graph, 'Sub', unary(graph, 'Softplus', logits), binary(graph, 'Mul', logits, target))
  const loss = sumOver(graph, binary(graph, 'Mul', losses, weight), [0, 1])
  return graph.differentiable(loss, [logits], () => [
    binary(graph, 'Mul', binary(graph, 'Sub', unary(graph, 'Sigmoid', logits), target), weight),
  ])
}

/** Weighted sum of the squared differences of `outputs` and `target`. All [rows, outputs]. */
export function squaredError(graph: Graph, outputs: Value, target: Value, weight: Value): Value {
  const difference = binary(graph, 'Sub', outputs, target)
  const weighted = binary(graph, 'Mul', difference, weight)
  const loss = sumOver(graph, binary(graph, 'Mul', weighted, difference), [0, 1])
  return graph.differentiable(loss, [outputs], () => [binary(graph, 'Mul', weighted, graph.scalar(2))])
}

/** Over the last axis of x [rows, columns]; not differentiated. */
function logSoftmax(graph: Graph, x: Value): Value {
  if (!graph.isPlain) return graph.node('LogSoftmax', [x], x.shape, { attributes: { axis: -1 } })
  const column = [dimension(x.shape, 0), 1]
  const largest = graph.node('ReduceMax', [x, graph.integers([1])], column, { attributes: { keepdims: 1 } })
  const shifted = binary(graph, 'Sub', x, largest)
  const sum = sumOver(graph, unary(graph, 'Exp', shifted), [1])
  return binary(graph, 'Sub', shifted, unary(graph, 'Log', sum))
}
