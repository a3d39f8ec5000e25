import { Worker } from 'node:worker_threads'
import type { CommandOptions } from './options.ts'
import { addTally, createTally, type Tally } from './tally.ts'
import type { Chunk } from './worker.ts'

const CHUNK = 25
/** Messages of a schedule are short-lived: a larger nursery spares most of the collecting. */
const YOUNG_GENERATION_MB = 64

/**
 * Runs schedules on several threads, seeds in order. `onProgress` hears of each chunk, with the seed below which all are
 * done. A hunt ends when the lowest seed that breaks something is known.
 */
export async function runMany(
  { schedules, from, fixed, workers }: CommandOptions,
  onProgress: (tally: Tally, doneBelow: number) => void,
  signal: AbortSignal,
): Promise<{ readonly tally: Tally; readonly doneBelow: number }> {
  const isHunt = fixed.mutant !== undefined
  const tally = createTally()
  const end = from + schedules
  const running = new Set<number>()
  let next = from
  const doneBelow = () => Math.min(next, ...running)
  const take = (): Chunk | null => {
    if (next >= end || signal.aborted || (isHunt && tally.found.length > 0)) return null
    const count = Math.min(CHUNK, end - next)
    const chunk = { from: next, count, fixed, isHunt }
    running.add(next)
    next += count
    return chunk
  }
  const threads = Array.from({ length: Math.min(workers, Math.ceil(schedules / CHUNK)) }, () => work())
  await Promise.all(threads)
  return { tally, doneBelow: doneBelow() }

  async function work(): Promise<void> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    })
    try {
      for (let chunk = take(); chunk; chunk = take()) {
        addTally(tally, await answerOf(worker, chunk))
        running.delete(chunk.from)
        onProgress(tally, doneBelow())
      }
    } finally {
      await worker.terminate()
    }
  }
}

function answerOf(worker: Worker, chunk: Chunk): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => reject(new Error(`seeds from ${chunk.from}: ${error.stack}`))
    worker.once('error', onError)
    worker.once('message', (tally: Tally) => {
      worker.off('error', onError)
      resolve(tally)
    })
    worker.postMessage(chunk)
  })
}
