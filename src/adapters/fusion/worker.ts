import { parentPort } from 'node:worker_threads'
import type { Job } from './job.ts'
import { describeFailure, type Reply } from './messages.ts'
import { runJob } from './run-job.ts'

// A thread: does its part of one job at a time. Started by threads.ts.

parentPort?.on('message', async (job: Job) => {
  try {
    const running = runJob(job)
    for (;;) {
      const { done, value } = await running.next()
      if (done) {
        reply({ kind: 'done', outcome: value })
        break
      }
      if (job.isReporting) reply({ kind: 'unit' })
    }
  } catch (error) {
    reply({ kind: 'failed', failure: describeFailure(error) })
  }
})

function reply(message: Reply): void {
  parentPort?.postMessage(message)
}
