import { parentPort, workerData } from 'node:worker_threads'
import { ColdmeshError } from '../../ports/errors.ts'
import { describeFailure, type Reply, type Request } from './messages.ts'
import { runEvaluate, runTrain } from './tasks.ts'

// The worker thread: does one request at a time and replies. Started by trainer.ts.

const threads = Number(workerData.threads)

parentPort?.on('message', (request: Request) => {
  void answer(request)
})

async function answer({ request, abort }: Request): Promise<void> {
  const flag = new Int32Array(abort)
  const context = {
    threads,
    checkAborted() {
      if (Atomics.load(flag, 0) !== 0) throw new ColdmeshError('aborted', 'Training was aborted')
    },
  }
  try {
    context.checkAborted()
    if (request.kind === 'train') {
      const onProgress = (progress: Extract<Reply, { kind: 'progress' }>['progress']) =>
        reply({ kind: 'progress', progress })
      const result = await runTrain(request.task, { ...context, onProgress })
      const buffers = [...result.body, ...result.head.weights].map(({ data }) => data.buffer)
      reply({ kind: 'trained', result }, buffers)
    } else {
      reply({ kind: 'evaluated', result: await runEvaluate(request.task, context) })
    }
  } catch (error) {
    reply({ kind: 'failed', failure: describeFailure(error) })
  }
}

function reply(message: Reply, transferred: ArrayBufferLike[] = []): void {
  const buffers = transferred.filter((buffer) => buffer instanceof ArrayBuffer)
  parentPort?.postMessage(message, buffers)
}
