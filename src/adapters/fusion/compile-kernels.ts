import type { KernelModule } from './kernels.ts'
import { KERNELS_WASM_BASE64 } from './kernels-wasm.ts'

// Node's types don't declare WebAssembly; this is the part in use.
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => KernelModule }

let compiled: KernelModule | null | undefined

/** Once a process: threads are sent it. Null where the machine has no WebAssembly with SIMD: then JavaScript does the work. */
export function compileKernels(): KernelModule | null {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(Buffer.from(KERNELS_WASM_BASE64.join(''), 'base64'))
    } catch {
      compiled = null
    }
  }
  return compiled
}
