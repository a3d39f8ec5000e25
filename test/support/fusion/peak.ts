import { readFileSync } from 'node:fs'
import { createFusionEngine } from '../../../src/adapters/fusion/engine.ts'
import { layoutOf } from '../../bench/checkpoint-file.ts'

// A process of its own: fuses files of `writeCheckpoint`, and prints the bytes of memory that it had at most.

export interface MemoryJob {
  readonly rule: string
  readonly params: Readonly<Record<string, number>>
  readonly dtype: 'F32' | 'BF16' | 'F16'
  readonly bytes: number
  readonly base: string
  readonly inputs: readonly string[]
  /** Of each input its base, where it is late. */
  readonly parents: readonly (string | null)[]
  readonly out: string
  readonly workers: number
  readonly usesKernels: boolean
}

const job: MemoryJob = JSON.parse(process.argv[2] ?? '')
const { dtype, bytes, workers, usesKernels, ...options } = job
await using engine = createFusionEngine({ workers, usesKernels })
await engine.fuse({ ...options, layout: layoutOf(bytes, dtype), rows: job.inputs.map(() => 1) })
const [, peak] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
process.stdout.write(`${Number(peak) * 1024}`)
