import { TANH_CUBE, TANH_SCALE } from '../../training/encoders/activations.ts'
import type { Activation } from '../../training/encoders/encoder-config.ts'
import type { Graph, Value } from './graph.ts'
import { linear, scale } from './operations.ts'
import { binary, unary } from './primitives.ts'

// The encoder's feed-forward block and its activations, each with its way back.

export interface LinearWeights {
  readonly weight: Value
  readonly bias: Value
}

export interface FeedForward {
  readonly first: LinearWeights
  readonly second: LinearWeights
  readonly activation: Activation
}

/** second(activation(first(x))). */
export function feedForward(graph: Graph, x: Value, { first, second, activation }: FeedForward): Value {
  // Exact GELU: factors folded into the linear layers spare two passes over memory.
  if (activation === 'gelu') {
    return linear(graph, unscaledLinearGelu(graph, x, first), second.weight, second.bias, Math.SQRT1_2)
  }
  const activate = activation === 'relu' ? relu : tanhGelu
  return linear(graph, activate(graph, linear(graph, x, first.weight, first.bias)), second.weight, second.bias)
}

/** gelu(x @ weight^T + bias). */
export function linearGelu(graph: Graph, x: Value, { weight, bias }: LinearWeights): Value {
  return scale(graph, unscaledLinearGelu(graph, x, { weight, bias }), Math.SQRT1_2)
}

/** sqrt(2) * gelu(x @ weight^T + bias) */
function unscaledLinearGelu(graph: Graph, x: Value, { weight, bias }: LinearWeights): Value {
  return scaledGelu(graph, linear(graph, x, weight, scale(graph, bias, Math.SQRT1_2), Math.SQRT1_2))
}

/** sqrt(2) * gelu(sqrt(2) * u), exact (erf). Both factors are folded into linear layers. */
function scaledGelu(graph: Graph, u: Value): Value {
  const c = binary(graph, 'Add', unary(graph, 'Erf', u), graph.scalar(1))
  return graph.differentiable(binary(graph, 'Mul', u, c), [u], (gradient) => {
    // d/du u(1 + erf u) = 1 + erf u + u * 2/sqrt(pi) * exp(-u^2)
    const logDensity = binary(graph, 'Sub', graph.scalar(Math.log(2 / Math.sqrt(Math.PI))), binary(graph, 'Mul', u, u))
    const slope = binary(graph, 'Add', c, binary(graph, 'Mul', u, unary(graph, 'Exp', logDensity)))
    return [binary(graph, 'Mul', gradient, slope)]
  })
}

/** x/2 (1 + tanh(c (x + k x^3))), c = sqrt(2 / pi): GELU's approximation. */
function tanhGelu(graph: Graph, x: Value): Value {
  const times = (a: Value, b: Value) => binary(graph, 'Mul', a, b)
  const plus = (a: Value, b: number) => binary(graph, 'Add', a, graph.scalar(b))
  const by = (a: Value, b: number) => times(a, graph.scalar(b))
  const square = times(x, x)
  const bent = unary(graph, 'Tanh', by(times(x, plus(by(square, TANH_CUBE), 1)), TANH_SCALE))
  const share = by(plus(bent, 1), 0.5)
  return graph.differentiable(times(x, share), [x], (gradient) => {
    // share + x/2 (1 - tanh^2) c (1 + 3 k x^2)
    const inner = by(plus(by(square, 3 * TANH_CUBE), 1), TANH_SCALE / 2)
    const steepness = binary(graph, 'Sub', graph.scalar(1), times(bent, bent))
    return [times(gradient, binary(graph, 'Add', share, times(times(x, steepness), inner)))]
  })
}

function relu(graph: Graph, x: Value): Value {
  const y = unary(graph, 'Relu', x)
  return graph.differentiable(y, [x], (gradient) => [binary(graph, 'Mul', gradient, unary(graph, 'Sign', y))])
}
