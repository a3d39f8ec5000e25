import { parentPort, workerData } from 'node:worker_threads'
import { ColdmeshError } from '../../ports/errors.ts'
import { describeFailure, type Reply, type Request } from './messages.ts'
import { runEvaluate, runTrain } from './tasks.ts'

// The worker thread: does one task at a time and replies. Started by worker-client.ts.

const threads = Number(workerData.threads)

// Null: nothing more comes. The thread then ends by itself.
parentPort?.on('message', (request: Request | null) => {
  if (request === null) parentPort?.close()
  else void answer(request)
})

async function answer({ task, abort }: Request): Promise<void> {
  const flag = new Int32Array(abort)
  const context = {
    threads,
    checkAborted() {
      if (Atomics.load(flag, 0) !== 0) throw new ColdmeshError('aborted', 'Training was aborted')
    },
  }
  try {
    if (task.kind === 'evaluate') {
      reply({ kind: 'evaluated', result: await runEvaluate(task, context) })
      return
    }
    const result = await runTrain(task, { ...context, onProgress: (progress) => reply({ kind: 'progress', progress }) })
    const weights = [...result.body, ...result.head.weights]
    const owned = weights.flatMap(({ data }) => (data.buffer instanceof ArrayBuffer ? data.buffer : []))
    reply({ kind: 'trained', result }, owned)
  } catch (error) {
    reply({ kind: 'failed', failure: describeFailure(error) })
  }
}

function reply(message: Reply, transferred: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transferred)
}
