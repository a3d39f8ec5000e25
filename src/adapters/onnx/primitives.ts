import { elementCount, sameShape } from '../../training/shape.ts'
import { MICROSOFT_DOMAIN } from './encode-model.ts'
import { F32, type Graph, type Value } from './graph.ts'

// Nodes without gradients: what operations and their backward passes are made of. Shapes are checked here, so that a wrong
// graph fails with its shapes named rather than inside the runtime.

/** Size of dimension `index`; negative counts from the end. */
export function dimension(shape: readonly number[], index: number): number {
  const size = shape.at(index)
  if (size === undefined) throw new Error(`shape [${shape}] has no dimension ${index}`)
  return size
}

function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, index) => {
    const x = a[a.length - rank + index] ?? 1
    const y = b[b.length - rank + index] ?? 1
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a}] and [${b}] don't broadcast`)
    return Math.max(x, y)
  })
}

export function binary(graph: Graph, operator: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Min', a: Value, b: Value): Value {
  return graph.node(operator, [a, b], broadcastShape(a.shape, b.shape))
}

export function unary(
  graph: Graph,
  operator: 'Erf' | 'Exp' | 'Log' | 'Relu' | 'Sigmoid' | 'Sign' | 'Softplus' | 'Sqrt' | 'Tanh',
  x: Value,
): Value {
  return graph.node(operator, [x], x.shape)
}

export function reshaped(graph: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x
  if (elementCount(x.shape) !== elementCount(shape)) throw new Error(`[${x.shape}] doesn't reshape to [${shape}]`)
  return graph.node('Reshape', [x, graph.integers(shape)], shape)
}

export function transposed(graph: Graph, x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => dimension(x.shape, axis))
  return graph.node('Transpose', [x], shape, { attributes: { perm: order } })
}

/** Sum over `axes`, which stay with size 1. */
export function sumOver(graph: Graph, x: Value, axes: readonly number[]): Value {
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  return graph.node('ReduceSum', [x, graph.integers(axes)], shape, { attributes: { keepdims: 1 } })
}

/** [rows, columns] -> [columns], as a product with ones: faster than ReduceSum over the first axis. */
export function columnSums(graph: Graph, x: Value): Value {
  const rows = dimension(x.shape, 0)
  const columns = dimension(x.shape, 1)
  const ones = graph.constant(Array(rows).fill(1), [1, rows], F32)
  return reshaped(graph, graph.node('MatMul', [ones, x], [1, columns]), [columns])
}

/** Sums a gradient over the axes along which an operand of `shape` was broadcast. */
export function sumTo(graph: Graph, gradient: Value, shape: readonly number[]): Value {
  if (sameShape(gradient.shape, shape)) return gradient
  if (gradient.shape.length === 2 && shape.length === 1) return columnSums(graph, gradient)
  const added = gradient.shape.length - shape.length
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size !== 1) ? [axis] : [],
  )
  return reshaped(graph, sumOver(graph, gradient, axes), shape)
}

interface ProductOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  readonly alpha?: number
}

/** alpha * a @ b + c for matrices. */
export function product(graph: Graph, a: Value, b: Value, c: Value | null, options: ProductOptions = {}): Value {
  const { transposeA = false, transposeB = false, alpha = 1 } = options
  const inner = dimension(a.shape, transposeA ? 0 : 1)
  if (inner !== dimension(b.shape, transposeB ? 1 : 0)) throw new Error(`no product of [${a.shape}] and [${b.shape}]`)
  const shape = [dimension(a.shape, transposeA ? 1 : 0), dimension(b.shape, transposeB ? 0 : 1)]
  const attributes = { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } }
  return graph.node('Gemm', c === null ? [a, b] : [a, b, c], shape, { attributes })
}

interface BatchedProductOptions extends ProductOptions {
  /** The operand is [rows, batch, columns] instead of [batch, rows, columns]. */
  readonly sequenceFirstA?: boolean
  readonly sequenceFirstB?: boolean
}

/** alpha * a @ b for each item of a batch -> [batch, rows, columns]. The transposes happen inside the product, without a copy. */
export function batchedProduct(graph: Graph, a: Value, b: Value, options: BatchedProductOptions = {}): Value {
  const { transposeA = false, transposeB = false, sequenceFirstA = false, sequenceFirstB = false, alpha = 1 } = options
  const [batchA, rowsA, columnsA] = batchFirst(a.shape, sequenceFirstA)
  const [batchB, rowsB, columnsB] = batchFirst(b.shape, sequenceFirstB)
  const innerA = transposeA ? rowsA : columnsA
  const innerB = transposeB ? columnsB : rowsB
  if (batchA !== batchB || innerA !== innerB) throw new Error(`no batched product of [${a.shape}] and [${b.shape}]`)
  const shape = [batchA, transposeA ? columnsA : rowsA, transposeB ? rowsB : columnsB]
  if (graph.isPlain) {
    const left = transposedOperand(graph, a, sequenceFirstA, transposeA)
    const right = transposedOperand(graph, b, sequenceFirstB, transposeB)
    const y = graph.node('MatMul', [left, right], shape)
    return alpha === 1 ? y : binary(graph, 'Mul', y, graph.scalar(alpha))
  }
  const attributes = {
    transA: Number(transposeA),
    transB: Number(transposeB),
    transBatchA: Number(sequenceFirstA),
    transBatchB: Number(sequenceFirstB),
    alpha: { float: alpha },
  }
  return graph.node('FusedMatMul', [a, b], shape, { attributes, domain: MICROSOFT_DOMAIN })
}

/** [batch, rows, columns], or [batch, columns, rows]. */
function transposedOperand(graph: Graph, x: Value, sequenceFirst: boolean, transpose: boolean): Value {
  const [batch, rows] = sequenceFirst ? [1, 0] : [0, 1]
  const order = transpose ? [batch, 2, rows] : [batch, rows, 2]
  return order.every((axis, index) => axis === index) ? x : transposed(graph, x, order)
}

function batchFirst(shape: readonly number[], sequenceFirst: boolean): [number, number, number] {
  const [first, second, last] = [dimension(shape, 0), dimension(shape, 1), dimension(shape, 2)]
  return sequenceFirst ? [second, first, last] : [first, second, last]
}
