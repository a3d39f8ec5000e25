import { elementCount } from '../../training/shape.ts'
import { encodeModel } from './encode-model.ts'
import type { DropoutMask, WeightOf } from './encoder.ts'
import { F32, Graph, type GraphOptions, type Value } from './graph.ts'
import { paddedCount } from './kernels.ts'
import type { ParameterMemory, ParameterSpec } from './parameters.ts'
import type { Runtime } from './runtime.ts'

/** A finished graph: inputs named like parameters are weights, `dropout:` ones masks, the others the caller fills. */
export interface Program {
  readonly graph: Graph
  readonly masks: readonly DropoutMask[]
}

/** ONNX Runtime's log level: its warnings are about constants that it removes itself. */
export const ERRORS_ONLY = 3
const GRADIENT = 'gradient:'
/** The output with one gradient per looked-up token. */
const ROWS = 'rows'

/** Adds nodes to a graph and returns its outputs. */
export type Define = (graph: Graph, weight: WeightOf, masks: DropoutMask[]) => Readonly<Record<string, Value>>

/** Builds a program that runs forward only. `define` returns its outputs. */
export function defineForward(
  parameters: readonly ParameterSpec[],
  define: Define,
  options: GraphOptions = {},
): Program {
  const graph = new Graph(options)
  const masks: DropoutMask[] = []
  const outputs = define(graph, weightInputs(graph, parameters).weight, masks)
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value)
  return { graph, masks }
}

/** Builds a program whose outputs are the `loss` that `define` returns and the gradients of all weights that it used. */
export function defineTraining(
  parameters: readonly ParameterSpec[],
  define: (graph: Graph, weight: WeightOf, masks: DropoutMask[]) => Value,
): Program {
  const graph = new Graph()
  const masks: DropoutMask[] = []
  const { weight, used } = weightInputs(graph, parameters)
  const loss = define(graph, weight, masks)
  graph.output('loss', loss)
  const gradients = graph.gradients(loss)
  for (const { name, gradient } of parameters) {
    const value = used.get(name)
    if (gradient === 'none') continue
    if (value === undefined) throw new Error(`the graph doesn't use ${name}`)
    const dense = gradients.get(value)
    const rows = graph.rowGradients.get(value)
    if (gradient !== 'rows' && dense !== undefined) graph.output(GRADIENT + name, dense)
    if (gradient !== 'dense' && rows !== undefined) graph.output(ROWS, rows)
  }
  return { graph, masks }
}

/** Weights become inputs when they are first used. */
export function weightInputs(graph: Graph, parameters: readonly ParameterSpec[]) {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]))
  const used = new Map<string, Value>()
  const weight: WeightOf = (name) => {
    const parameter = byName.get(name)
    if (parameter === undefined) throw new Error(`no parameter ${name}`)
    const { gradient, shape } = parameter
    const known = used.get(parameter.name)
    if (known !== undefined) return known
    const input = graph.input(parameter.name, shape, { differentiable: gradient !== 'none' })
    used.set(parameter.name, input)
    return input
  }
  return { weight, used }
}

/** Floats that the dropout masks of `program` take. */
export function maskFloats({ masks }: Program): number {
  return masks.reduce((sum, { shape }) => sum + paddedCount(elementCount(shape)), 0)
}

export interface OpenProgram {
  /** What the caller fills before `run`. */
  readonly floats: Readonly<Record<string, Float32Array>>
  readonly integers: Readonly<Record<string, Int32Array>>
  /** Fills the dropout masks anew and runs. Results are in `outputs`, gradients in the parameters' memory. Blocks the thread. */
  run(): Promise<void>
  readonly outputs: Readonly<Record<string, Float32Array>>
  release(): Promise<void>
}

export interface OpenOptions {
  readonly runtime: Runtime
  readonly memory: ParameterMemory
  readonly threads: number
}

/** Compiles `program` and binds it to the weights, gradients and masks (scratch `masks`, `maskState`) in `memory`. */
export async function openProgram({ graph, masks }: Program, options: OpenOptions): Promise<OpenProgram> {
  const { runtime, memory, threads } = options
  const session = await runtime.InferenceSession.create(encodeModel(graph), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: ERRORS_ONLY,
    // Threads that spin while they wait slow everything else on a busy machine, and then each other.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  const parameters = new Map(memory.parameters.map((parameter) => [parameter.name, parameter]))
  const floats: Record<string, Float32Array> = {}
  const integers: Record<string, Int32Array> = {}
  const outputs: Record<string, Float32Array> = {}
  const placedMasks = placeMasks(masks, memory)
  const float32 = (data: Float32Array, shape: readonly number[]) => new runtime.Tensor('float32', data, shape)

  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape, type }) => {
      const count = elementCount(shape)
      const parameter = parameters.get(name)
      const mask = placedMasks.get(name)
      if (parameter !== undefined) return [name, float32(memory.floats(parameter.weights, count), shape)]
      if (mask !== undefined) return [name, float32(memory.floats(mask.address, count), shape)]
      if (type !== F32) {
        integers[name] = new Int32Array(count)
        return [name, new runtime.Tensor('int32', integers[name], shape)]
      }
      floats[name] = new Float32Array(count)
      return [name, float32(floats[name], shape)]
    }),
  )
  const fetches = Object.fromEntries(
    graph.outputs.map(({ name, value: { shape } }) => {
      const count = elementCount(shape)
      if (name === ROWS) return [name, float32(memory.floats(memory.scratch['rowGradients'] ?? 0, count), shape)]
      if (!name.startsWith(GRADIENT)) {
        outputs[name] = new Float32Array(count)
        return [name, float32(outputs[name], shape)]
      }
      const address = parameters.get(name.slice(GRADIENT.length))?.gradients ?? 0
      return [name, float32(memory.floats(address, count), shape)]
    }),
  )
  return {
    floats,
    integers,
    outputs,
    async run() {
      for (const { address, count, rate } of placedMasks.values()) {
        const threshold = Math.floor(rate * 2 ** 32)
        memory.kernels.dropout(address, count, threshold, 1 / (1 - rate), memory.scratch['maskState'] ?? 0)
      }
      await session.run(feeds, fetches)
    },
    release: () => session.release(),
  }
}

function placeMasks(masks: readonly DropoutMask[], { scratch }: ParameterMemory) {
  const placed = new Map<string, { address: number; count: number; rate: number }>()
  let address = scratch['masks'] ?? 0
  for (const { name, shape, rate } of masks) {
    const count = paddedCount(elementCount(shape))
    placed.set(name, { address, count, rate })
    address += count * 4
  }
  return placed
}
