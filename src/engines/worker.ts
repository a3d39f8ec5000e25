import { parentPort, workerData } from 'node:worker_threads'
import type { ReadProgress } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingProgress, TrainingSnapshot } from '../ports/trainer.ts'
import type { Engine } from '../training/engine.ts'
import { measureEngine } from './measure.ts'
import { describeFailure, type Reply, type Request, type WorkerSettings } from './messages.ts'
import { openEngine } from './open-engine.ts'
import { runEvaluate, runTrain } from './tasks.ts'
import { runTrainTogether } from './train-together.ts'

// The worker thread: opens one engine, does one task at a time and replies. Started by worker-client.ts.

const KIBIBYTE = 1_024

const settings: WorkerSettings = workerData
let opening: Promise<Engine> | null = null

// Null: nothing more comes. The thread then ends by itself.
parentPort?.on('message', (request: Request | null) => {
  if (request === null) void close()
  else void answer(request)
})

async function answer({ task, abort }: Request): Promise<void> {
  const flag = new Int32Array(abort)
  const checkAborted = () => {
    if (Atomics.load(flag, 0) !== 0) throw new ColdmeshError('aborted', 'Training was aborted')
  }
  const onProgress = (progress: TrainingProgress) => reply({ kind: 'progress', progress })
  try {
    opening ??= openEngine(settings.engine, settings)
    const context = {
      engine: await opening,
      now: () => performance.now(),
      availableMemory: () => process.availableMemory(),
      peakMemory: () => process.resourceUsage().maxRSS * KIBIBYTE,
      checkAborted,
      onRead: (progress: ReadProgress) => reply({ kind: 'read', progress }),
    }
    if (task.kind === 'open') {
      reply({ kind: 'opened', device: context.engine.device })
    } else if (task.kind === 'measure') {
      reply({ kind: 'measured', tokensPerSecond: await measureEngine(context.engine, context) })
    } else if (task.kind === 'evaluate') {
      reply({ kind: 'evaluated', result: await runEvaluate(task, context) })
    } else if (task.kind === 'train-together') {
      const result = await runTrainTogether(task, { ...context, onProgress })
      reply({ kind: 'trained-together', result }, buffersOf(result.body.map(({ data }) => data)))
    } else {
      const onSnapshot = (snapshot: TrainingSnapshot) =>
        reply({ kind: 'snapshot', snapshot }, buffersOf([snapshot.bytes]))
      const result = await runTrain(task, { ...context, onProgress, onSnapshot })
      const weights = [...result.body, ...result.head.weights]
      reply({ kind: 'trained', result }, buffersOf(weights.map(({ data }) => data)))
    }
  } catch (error) {
    reply({ kind: 'failed', failure: describeFailure(error) })
  }
}

async function close(): Promise<void> {
  try {
    await (await opening)?.close()
  } finally {
    parentPort?.close()
  }
}

function buffersOf(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  return [...new Set(arrays.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? buffer : [])))]
}

function reply(message: Reply, transferred: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transferred)
}
