import { ADAM_WASM_BASE64 } from './adam-wasm.ts'

// Node's types don't declare WebAssembly; this is the part in use.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => KernelMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: Kernels }
}

/** The memory that the runtime and the kernels share. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer
}

/** adam.wat's functions. Addresses in bytes, multiples of 16; counts in floats, multiples of 4. */
export interface Kernels {
  adam(
    weights: number,
    gradients: number,
    means: number,
    squares: number,
    count: number,
    scale: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    step: number,
    root: number,
    epsilon: number,
    keep: number,
  ): void
  add(target: number, source: number, count: number): void
  scale(target: number, count: number, factor: number): void
  sumOfSquares(values: number, count: number): number
  dropout(target: number, count: number, threshold: number, kept: number, state: number): void
}

const PAGE_BYTES = 65_536
/** What 32-bit addresses reach. */
export const MAX_MEMORY_BYTES = 65_536 * PAGE_BYTES
const MODULE = new WebAssembly.Module(Buffer.from(ADAM_WASM_BASE64.join(''), 'base64'))

export function createMemory(bytes: number): KernelMemory {
  return new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / PAGE_BYTES)) })
}

export function createKernels(memory: KernelMemory): Kernels {
  return new WebAssembly.Instance(MODULE, { coldmesh: { memory } }).exports
}

/** Hands out addresses before the memory exists: its size must be known, because growing it would detach all views. */
export class MemoryLayout {
  bytes = 64

  /** Address of `count` floats. */
  reserve(count: number): number {
    const address = this.bytes
    this.bytes += paddedCount(count) * 4
    return address
  }
}

/** `count` rounded up to whole 64-byte lines. */
export function paddedCount(count: number): number {
  return (count + 15) & ~15
}
