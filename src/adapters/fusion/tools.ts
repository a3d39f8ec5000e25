import type { Tools } from './chunks.ts'
import type { Job } from './job.ts'
import { createKernels, createMemory } from './kernels.ts'
import { COUNTERS_BYTES, layOut } from './scratch.ts'

/** What a thread had last: passes over the same files follow each other, and memory that is let go of stays for a while. */
let last: { readonly key: string; readonly tools: Tools } | null = null

/** Memory and kernels of one thread, with its counters at 0; null where JavaScript does the work. */
export function createTools({ kernels: module, files, kind }: Job): Tools | null {
  if (module === null) return null
  const counts = kind === 'count'
  const shape = { parents: files.parents.map((file) => file !== null), counts }
  const key = JSON.stringify(shape.parents)
  if (last?.key !== key || (counts && last.tools.scratch.counters.length === 0)) {
    last = null
    const scratch = layOut(shape)
    const memory = createMemory(scratch.bytes)
    last = { key, tools: { kernels: createKernels(module, memory), memory, scratch } }
  }
  const { tools } = last
  for (const address of tools.scratch.counters) new Uint8Array(tools.memory.buffer, address, COUNTERS_BYTES).fill(0)
  return tools
}
