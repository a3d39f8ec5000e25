import { ColdmeshError } from '../../ports/errors.ts'
import type { Weights } from '../../ports/trainer.ts'
import { isDecayed } from '../../training/adam.ts'
import { elementCount } from '../../training/shape.ts'
import {
  createKernels,
  createMemory,
  type KernelMemory,
  type Kernels,
  MAX_MEMORY_BYTES,
  MemoryLayout,
  paddedCount,
} from './kernels.ts'

/**
 * How a parameter's gradient arrives: `dense`, all of it; `rows`, one row per looked-up index; `both` (a table that is
 * also a matrix: tied embeddings), to be added; `none`, it isn't trained.
 */
export type GradientKind = 'dense' | 'both' | 'rows' | 'none'

export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly gradient: GradientKind
  /** Which learning rate it gets. */
  readonly group: 'body' | 'head'
}

/** A parameter's place. Addresses in bytes; 0 where it has no such part. */
export interface Parameter extends ParameterSpec {
  readonly count: number
  readonly weights: number
  readonly means: number
  readonly squares: number
  readonly gradients: number
  /** Weight decay applies: not to biases and LayerNorm. */
  readonly decays: boolean
}

export interface ParameterMemory {
  readonly memory: KernelMemory
  readonly kernels: Kernels
  readonly parameters: readonly Parameter[]
  /** Addresses of what the caller reserved, by name. */
  readonly scratch: Readonly<Record<string, number>>
  /** All dense gradients: one range. */
  readonly gradients: { readonly address: number; readonly count: number }
  /** The weights of `name`, a view. @throws Error when there is no such parameter */
  view(name: string): Float32Array<ArrayBuffer>
  /** A view of `count` floats at `address`. */
  floats(address: number, count: number): Float32Array<ArrayBuffer>
  /** Copies of all weights in one array, and back. */
  snapshot(): Float32Array
  restore(snapshot: Float32Array): void
  /** All weights and moments: one range, a view. */
  state(): Float32Array<ArrayBuffer>
}

const ORDER: readonly GradientKind[] = ['dense', 'both', 'rows', 'none']

/** Lays out weights, moments and gradients of `specs` in one memory, with `scratch` floats beside. Weights start at zero. */
export function createParameterMemory(
  specs: readonly ParameterSpec[],
  scratch: Readonly<Record<string, number>>,
): ParameterMemory {
  const layout = new MemoryLayout()
  const ordered = specs.toSorted((a, b) => ORDER.indexOf(a.gradient) - ORDER.indexOf(b.gradient))
  const isTrained = (spec: ParameterSpec) => spec.gradient !== 'none'
  const place = (wanted: (spec: ParameterSpec) => boolean) =>
    ordered.map((spec) => (wanted(spec) ? layout.reserve(elementCount(spec.shape)) : 0))
  const start = layout.bytes
  const weights = place(() => true)
  const end = layout.bytes
  const means = place(isTrained)
  const squares = place(isTrained)
  const gradientStart = layout.bytes
  const gradients = place(isDense)
  const gradientCount = (layout.bytes - gradientStart) / 4
  const scratchAddresses = Object.fromEntries(
    Object.entries(scratch).map(([name, count]) => [name, layout.reserve(count)]),
  )
  if (layout.bytes > MAX_MEMORY_BYTES) throw tooLarge(layout.bytes)

  const memory = createMemory(layout.bytes)
  const parameters = ordered.map((spec, index) => ({
    ...spec,
    count: elementCount(spec.shape),
    weights: weights[index] ?? 0,
    means: means[index] ?? 0,
    squares: squares[index] ?? 0,
    gradients: gradients[index] ?? 0,
    decays: isDecayed(spec.name),
  }))
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]))
  const floats = (address: number, count: number) => new Float32Array(memory.buffer, address, count)
  const all = () => floats(start, (end - start) / 4)
  return {
    memory,
    kernels: createKernels(memory),
    parameters,
    scratch: scratchAddresses,
    gradients: { address: gradientStart, count: gradientCount },
    view(name) {
      const parameter = byName.get(name)
      if (parameter === undefined) throw new Error(`no parameter ${name}`)
      return floats(parameter.weights, parameter.count)
    },
    floats,
    snapshot: () => all().slice(),
    restore: (snapshot) => all().set(snapshot),
    state: () => floats(start, (gradientStart - start) / 4),
  }
}

function isDense({ gradient }: ParameterSpec): boolean {
  return gradient === 'dense' || gradient === 'both'
}

/** Floats that the dense gradients of `specs` take. */
export function gradientFloats(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + (isDense(spec) ? paddedCount(elementCount(spec.shape)) : 0), 0)
}

/** Copies `weights` into `memory` by name. */
export function loadWeights(memory: ParameterMemory, weights: readonly Weights[]): void {
  for (const { name, data } of weights) memory.view(name).set(data)
}

/** Copies of the weights of `like`, same names, shapes and order. */
export function readWeights(memory: ParameterMemory, like: readonly Omit<Weights, 'data'>[]): Weights[] {
  return like.map(({ name, shape }) => ({ name, shape, data: memory.view(name).slice() }))
}

function tooLarge(bytes: number): ColdmeshError {
  return new ColdmeshError(
    'unsupported',
    'The model is too large for the onnx engine: training it needs more than 4 GiB',
    {
      facts: { bytes, maxBytes: MAX_MEMORY_BYTES },
      hint: 'Train a smaller model, or lower batch, accumulation or maxTokens in the plan.',
    },
  )
}
