import { parentPort } from 'node:worker_threads'
import { runSchedule } from '../schedule/run-schedule.ts'
import { type Fixed, scheduleOptionsOf } from './options.ts'
import { addOutcome, createTally } from './tally.ts'

/** Seeds of one piece of work. */
export interface Chunk {
  readonly from: number
  readonly count: number
  readonly fixed: Fixed
  /** One violation is enough. */
  readonly isHunt: boolean
}

parentPort?.on('message', ({ from, count, fixed, isHunt }: Chunk) => {
  const tally = createTally()
  for (let seed = from; seed < from + count; seed++) {
    addOutcome(tally, runSchedule(seed, scheduleOptionsOf(fixed)))
    if (isHunt && tally.found.length > 0) break
  }
  parentPort?.postMessage(tally)
})
