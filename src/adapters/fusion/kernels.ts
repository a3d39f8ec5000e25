import type { FloatDtype } from '../../floats/dtypes.ts'

// Node's types don't declare WebAssembly; this is the part in use.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => KernelMemory
  readonly Instance: new (module: KernelModule, imports: object) => { readonly exports: Record<string, Kernel> }
}

/** Compiled kernels; threads may be sent them. */
export type KernelModule = object

/** What kernels read and write. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer
}

/**
 * A kernel takes addresses, in bytes, of what its text in `kernels/` names, and counts. Elements lie at multiples of their
 * size, and their count is a multiple of 16, or of 32 for `order`.
 */
export type Kernel = (...numbers: number[]) => number

/** Kernels of one dtype. */
export interface DtypeKernels {
  /** (from, out, count): as F32 */
  readonly widen: Kernel
  /** (table, inputs, at, sums, count) */
  readonly add: Kernel
  /** (table, inputs, factors, at, sums, count) */
  readonly addTimes: Kernel
  /** (table, inputs, factors, base, at, sums, count) */
  readonly addClipped: Kernel
  /** (sums, divisor, out, count): 1 when a result is not finite */
  readonly round: Kernel
  /** (sums, divisor, base, count): base + sum / divisor */
  readonly addBase: Kernel
  /** (sums, scale, base, count): base + scale * number */
  readonly scale: Kernel
  /** (sums, step, base, count): base + step * (number - base) */
  readonly step: Kernel
  /** (values, parent, base, sums, count): base + (value - parent) */
  readonly rebase: Kernel
  /** (values, count): 1 when one is not finite */
  readonly notFinite: Kernel
}

export interface Kernels {
  readonly of: Readonly<Record<FloatDtype, DtypeKernels>>
  /** (table, inputs, at, out, count), of F32: 1 when a result is not finite */
  readonly mean: Kernel
  /** By the number of inputs: (table, at, sums, count), of F32: 1 when an input is not finite */
  readonly medians: ReadonlyMap<number, Kernel>
  /** By the number of inputs: (table, at, out, count), of F32: 1 when something may not be finite, of which `medians` knows more */
  readonly writtenMedians: ReadonlyMap<number, Kernel>
  /** (table, inputs, network, comparators, rows, from, to, at, sums, count), of F32: the same */
  readonly order: Kernel
  /** (table, inputs, base, sums, count), of F32; the inputs a multiple of 4 */
  readonly addSquares: Kernel
  /** (values, base, counts, count), of F32: 1 when a value is not finite */
  readonly countUpper: Kernel
  /** (values, base, upper, counts, count), of F32: the same */
  readonly countLower: Kernel
  /** (values, base, bits, count), of F32: how many */
  readonly countEqual: Kernel
  /** (table, inputs, limits, base, sums, count), of F32: 1 when an input is not finite */
  readonly ties: Kernel
  /** (sums, divisor, count) */
  readonly divide: Kernel
  /** (sums, more, count) */
  readonly addDoubles: Kernel
  /** (sums, count) */
  readonly clear: Kernel
}

const PAGE_BYTES = 65_536

export function createMemory(bytes: number): KernelMemory {
  return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_BYTES) })
}

/** The kernels over this memory. */
export function createKernels(module: KernelModule, memory: KernelMemory): Kernels {
  const { exports } = new WebAssembly.Instance(module, { coldmesh: { memory } })
  const kernel = (name: string): Kernel => {
    const found = exports[name]
    if (found === undefined) throw new Error(`no kernel ${name}`)
    return found
  }
  const ofDtype = (dtype: FloatDtype): DtypeKernels => ({
    widen: kernel(`widen${dtype}`),
    add: kernel(`add${dtype}`),
    addTimes: kernel(`addTimes${dtype}`),
    addClipped: kernel(`addClipped${dtype}`),
    round: kernel(`round${dtype}`),
    addBase: kernel(`addBase${dtype}`),
    scale: kernel(`scale${dtype}`),
    step: kernel(`step${dtype}`),
    rebase: kernel(`rebase${dtype}`),
    notFinite: kernel(`notFinite${dtype}`),
  })
  const byInputs = (pattern: RegExp) =>
    new Map(
      Object.keys(exports).flatMap((name) => {
        const inputs = pattern.exec(name)?.[1]
        return inputs === undefined ? [] : [[Number(inputs), kernel(name)] as const]
      }),
    )
  return {
    of: { F32: ofDtype('F32'), BF16: ofDtype('BF16'), F16: ofDtype('F16') },
    mean: kernel('meanF32'),
    medians: byInputs(/^median(\d+)$/),
    writtenMedians: byInputs(/^writeMedian(\d+)$/),
    order: kernel('order'),
    addSquares: kernel('addSquares'),
    countUpper: kernel('countUpper'),
    countLower: kernel('countLower'),
    countEqual: kernel('countEqual'),
    ties: kernel('ties'),
    divide: kernel('divide'),
    addDoubles: kernel('addDoubles'),
    clear: kernel('clear'),
  }
}
