import { parentPort, Worker, workerData } from 'node:worker_threads'
import { compileKernels } from '../../../src/adapters/fusion/compile-kernels.ts'
import { createKernels, createMemory } from '../../../src/adapters/fusion/kernels.ts'
import { createPartFuser } from '../../../src/adapters/fusion/part-fuser.ts'
import { layOut } from '../../../src/adapters/fusion/scratch.ts'
import { FLOAT_BYTES, type FloatDtype } from '../../../src/floats/dtypes.ts'

/** Fuses eight inputs that lie in memory, each thread its part of the elements. */
export interface ResidentJob {
  readonly rule: 'mean/1' | 'median/1'
  readonly dtype: FloatDtype
  readonly elements: number
  readonly threads: number
  readonly runs: number
}

export interface Resident {
  readonly seconds: number
  /** As kernels.c makes it; of F32. */
  readonly checksum: number
}

const INPUTS = 8
/** Files at equal offsets in a page would evict each other from the cache. */
const PADDING = 192

type Part = Omit<ResidentJob, 'threads' | 'runs'> & { readonly from: number; readonly to: number }

/** The best of some runs; all threads begin together. */
export async function fuseResident({ threads, runs, ...job }: ResidentJob): Promise<Resident> {
  const cut = (index: number) => Math.floor((job.elements * index) / threads / 16) * 16
  const workers = Array.from({ length: threads }, (_, index) => {
    const part: Part = { ...job, from: cut(index), to: index + 1 === threads ? job.elements : cut(index + 1) }
    return new Worker(new URL(import.meta.url), { workerData: part })
  })
  const say = async (word: string): Promise<readonly number[]> => {
    const answers = workers.map((worker) => new Promise<number>((resolve) => worker.once('message', resolve)))
    for (const worker of workers) worker.postMessage(word)
    return await Promise.all(answers)
  }
  await say('prepare')
  let seconds = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const start = performance.now()
    await say('fuse')
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
  }
  const sums = await say('sum')
  await Promise.all(workers.map((worker) => worker.terminate()))
  return { seconds, checksum: sums.reduce((sum, part) => sum + part, 0) >>> 0 }
}

function work({ rule, dtype, from, to }: Part): void {
  const count = to - from
  const size = FLOAT_BYTES[dtype]
  const stride = Math.ceil((count * size) / 64) * 64 + PADDING
  const scratch = layOut({ parents: Array(INPUTS).fill(false), counts: false })
  const memory = createMemory(scratch.bytes + (INPUTS + 1) * stride)
  const module = compileKernels()
  if (module === null) throw new Error('this machine has no WebAssembly with SIMD')
  const kernels = createKernels(module, memory)
  const inputs = Array.from({ length: INPUTS }, (_, input) => scratch.bytes + input * stride)
  const out = scratch.bytes + INPUTS * stride
  const [base = 0] = inputs
  const fuse = createPartFuser({ kernels, memory, scratch }, { rule, step: null }, INPUTS)
  const places = { dtype, count, base, inputs, parents: inputs.map(() => null) }

  parentPort?.on('message', (word) => {
    if (word === 'prepare') for (const [input, address] of inputs.entries()) fill(memory.buffer, address, input)
    if (word === 'fuse' && !fuse(places, out)) throw new Error('a result is not finite')
    parentPort?.postMessage(word === 'sum' ? checksum(new Uint32Array(memory.buffer, out, (count * size) / 4)) : 0)
  })

  function fill(buffer: ArrayBuffer, address: number, input: number): void {
    const floats = new Float32Array(
      size === 4 ? buffer : new ArrayBuffer(4),
      size === 4 ? address : 0,
      size === 4 ? count : 1,
    )
    const halves = new Uint16Array(
      size === 2 ? buffer : new ArrayBuffer(2),
      size === 2 ? address : 0,
      size === 2 ? count : 1,
    )
    let state = 12_345 + input * 7919
    for (let i = 0; i < to; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      if (i < from) continue
      if (size === 4) floats[i - from] = Math.fround(state) / 2_147_483_648
      // exponents as weights have them
      else halves[i - from] = (state & (dtype === 'BF16' ? 0x80ff : 0x83ff)) | (dtype === 'BF16' ? 0x3c00 : 0x2800)
    }
  }

  function checksum(words: Uint32Array): number {
    let sum = 0
    for (let i = 0; i < words.length; i++) sum = (sum + Math.imul(words[i] ?? 0, 2 * (from + i) + 1)) | 0
    return sum >>> 0
  }
}

if (parentPort !== null) work(workerData)
