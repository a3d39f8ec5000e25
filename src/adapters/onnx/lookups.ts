import type { Graph, Value } from './graph.ts'
import { binary, dimension, sumOver, unary } from './primitives.ts'

// Differentiable operations that pick rows, and the loss.

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

/** The first `count` rows of x [rows, size]. */
export function firstRows(graph: Graph, x: Value, count: number): Value {
  const [rows, size] = [dimension(x.shape, 0), dimension(x.shape, 1)]
  if (rows === count) return x
  const limits = [graph.integers([0]), graph.integers([count]), graph.integers([0])]
  return graph.differentiable(graph.node('Slice', [x, ...limits], [count, size]), [x], (gradient) => {
    const missing = [rows - count, size]
    const zeros = graph.node('ConstantOfShape', [graph.integers(missing)], missing)
    return [graph.node('Concat', [gradient, zeros], x.shape, { attributes: { axis: 0 } })]
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

/** Over the last axis of x [rows, columns]; not differentiated. */
function logSoftmax(graph: Graph, x: Value): Value {
  if (!graph.isPlain) return graph.node('LogSoftmax', [x], x.shape, { attributes: { axis: -1 } })
  const column = [dimension(x.shape, 0), 1]
  const largest = graph.node('ReduceMax', [x, graph.integers([1])], column, { attributes: { keepdims: 1 } })
  const shifted = binary(graph, 'Sub', x, largest)
  const sum = sumOver(graph, unary(graph, 'Exp', shifted), [1])
  return binary(graph, 'Sub', shifted, unary(graph, 'Log', sum))
}
