/** ONNX's numbers for element types. */
export const F32 = 1
export const I32 = 6
export const I64 = 7
export type ElementType = typeof F32 | typeof I32 | typeof I64

/** A tensor in the graph: a name and a static shape; `differentiable` when gradients flow to or through it. */
export interface Value {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: ElementType
  differentiable: boolean
  /** The node that computes it; absent for inputs and constants. */
  readonly source?: Node
}

/** `{ float }` marks a float attribute: a plain number is an ONNX integer. */
export type Attribute = number | string | readonly number[] | { readonly float: number }

export interface Node {
  readonly operator: string
  readonly domain: string
  readonly inputs: Value[]
  readonly outputs: Value[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface Constant extends Value {
  readonly data: readonly number[]
}

export type Gradient = Value | null

/** Given the gradient of an operation's output, the gradients of its inputs, in their order; null where none is needed. */
export type Backward = (gradient: Value) => readonly Gradient[]

interface TapeEntry {
  readonly output: Value
  readonly inputs: readonly Value[]
  readonly backward: Backward
}

export interface GraphOptions {
  /** Of operators only that the runtime has on a GPU too. */
  readonly isPlain?: boolean
}

interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly domain?: string
  readonly type?: ElementType
}

/**
 * An ONNX graph with static shapes under construction, and the tape from which its backward pass is derived. Primitives
 * (primitives.ts) only add nodes; operations (operations.ts) also record how gradients flow back through them.
 */
export class Graph {
  readonly inputs: Value[] = []
  readonly constants: Constant[] = []
  readonly nodes: Node[] = []
  readonly outputs: { readonly name: string; readonly value: Value }[] = []
  /** Gradients of looked-up tables, one row per looked-up index instead of one per row of the table. */
  readonly rowGradients = new Map<Value, Value>()
  readonly isPlain: boolean
  readonly #tape: TapeEntry[] = []
  readonly #constantByKey = new Map<string, Constant>()
  #values = 0

  constructor({ isPlain = false }: GraphOptions = {}) {
    this.isPlain = isPlain
  }

  input(name: string, shape: readonly number[], options: { type?: ElementType; differentiable?: boolean } = {}): Value {
    const value = { name, shape, type: options.type ?? F32, differentiable: options.differentiable ?? false }
    this.inputs.push(value)
    return value
  }

  constant(data: readonly number[], shape: readonly number[], type: ElementType): Value {
    const key = `${type}:${shape}:${data}`
    const known = this.#constantByKey.get(key)
    if (known !== undefined) return known
    const constant = { name: `constant${this.constants.length}`, shape, type, differentiable: false, data }
    this.constants.push(constant)
    this.#constantByKey.set(key, constant)
    return constant
  }

  scalar(value: number): Value {
    return this.constant([value], [], F32)
  }

  integers(values: readonly number[]): Value {
    return this.constant(values, [values.length], I64)
  }

  /** Adds a node with one output of `shape`. */
  node(operator: string, inputs: readonly Value[], shape: readonly number[], options: NodeOptions = {}): Value {
    const [output] = this.nodeOutputs(operator, inputs, [shape], options)
    if (output === undefined) throw new Error('a node has an output')
    return output
  }

  /** Adds a node with an output for each of `shapes`. */
  nodeOutputs(
    operator: string,
    inputs: readonly Value[],
    shapes: readonly (readonly number[])[],
    options: NodeOptions = {},
  ) {
    const { attributes = {}, domain = '', type = F32 } = options
    const node: Node = { operator, domain, inputs: [...inputs], outputs: [], attributes }
    for (const shape of shapes) {
      node.outputs.push({ name: `value${this.#values++}`, shape, type, differentiable: false, source: node })
    }
    this.nodes.push(node)
    return node.outputs
  }

  /** Records that `output` was computed from `inputs` and how to go back. */
  differentiable(output: Value, inputs: readonly Value[], backward: Backward): Value {
    if (inputs.some((input) => input.differentiable)) {
      output.differentiable = true
      this.#tape.push({ output, inputs, backward })
    }
    return output
  }

  output(name: string, value: Value): void {
    this.outputs.push({ name, value })
  }

  /**
   * Adds the backward pass of the scalar `loss`. The gradient of a value that several operations use is the sum of theirs;
   * absent for values that the loss doesn't depend on and for tables whose gradient is in `rowGradients` only.
   */
  gradients(loss: Value): ReadonlyMap<Value, Value> {
    const gradients = new Map<Value, Value>()
    const seed = this.scalar(1)
    for (const { output, inputs, backward } of this.#tape.toReversed()) {
      const incoming = output === loss ? seed : gradients.get(output)
      if (incoming === undefined) continue
      const firstNew = this.nodes.length
      for (const [index, gradient] of backward(incoming).entries()) {
        const input = inputs[index]
        if (input === undefined || gradient === null || !input.differentiable) continue
        gradients.set(input, this.#sum(gradients.get(input), gradient, firstNew))
      }
    }
    return gradients
  }

  #sum(sum: Value | undefined, term: Value, firstNew: number): Value {
    if (sum === undefined) return term
    const { source } = term
    // A product made for this term alone takes the running sum as its third operand: one pass over memory less.
    if (source?.operator === 'Gemm' && source.inputs.length === 2 && this.nodes.indexOf(source, firstNew) >= 0) {
      source.inputs.push(sum)
      return term
    }
    return this.node('Add', [sum, term], term.shape)
  }
}
