import type { Tools } from './chunks.ts'
import type { Job } from './job.ts'
import { createKernels, createMemory } from './kernels.ts'
import { layOut } from './scratch.ts'

/** Memory and kernels of one thread; null where JavaScript does the work. */
export function createTools({ usesKernels, files, kind }: Job): Tools | null {
  if (!usesKernels) return null
  const scratch = layOut({ parents: files.parents.map((file) => file !== null), counts: kind === 'count' })
  const memory = createMemory(scratch.bytes)
  const kernels = createKernels(memory)
  return kernels === null ? null : { kernels, memory, scratch }
}
