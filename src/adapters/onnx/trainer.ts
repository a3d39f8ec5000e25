import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Trainer, TrainingProgress } from '../../ports/trainer.ts'
import { failureError, type Reply, type Request, type Task } from './messages.ts'

/** More threads than this gain little on models of the size that a CPU can finetune. */
const MAX_DEFAULT_THREADS = 8

export interface OnnxTrainerOptions {
  /** Threads of ONNX Runtime. Equal weights on every run are promised for 1 only. Default: one per processor, at most 8. */
  readonly threads?: number
}

interface Job {
  readonly request: Request
  readonly onProgress: (progress: TrainingProgress) => void
  readonly settle: (outcome: Reply | ColdmeshError) => void
}

/**
 * A trainer for BERT encoders on the CPU: ONNX Runtime in a worker thread. Requests are done one after the other. The worker
 * starts with the first request and doesn't keep the process alive between requests.
 */
export async function createOnnxTrainer(options: OnnxTrainerOptions = {}): Promise<Trainer> {
  const { threads = Math.min(availableParallelism(), MAX_DEFAULT_THREADS) } = options
  const waiting: Job[] = []
  let current: Job | null = null
  let worker: Worker | null = null
  let stopped = false

  function startWorker(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const started = new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData: { threads } })
    started.on('message', (reply: Reply) => {
      if (reply.kind === 'progress') current?.onProgress(reply.progress)
      else finish(reply)
    })
    started.on('error', (cause) => lose(started, cause))
    started.on('exit', () => lose(started, undefined))
    return started
  }

  function lose(lost: Worker, cause: unknown): void {
    if (worker !== lost) return
    worker = null
    finish(
      new ColdmeshError('refused', 'The training worker stopped before it was done', {
        cause,
        hint: 'The machine may lack memory: lower batch or maxTokens in the plan, or use a smaller model.',
      }),
    )
  }

  function finish(outcome: Reply | ColdmeshError): void {
    const job = current
    current = null
    worker?.unref()
    job?.settle(outcome)
    startNext()
  }

  function startNext(): void {
    if (current !== null) return
    const next = waiting.shift()
    if (next === undefined) return
    current = next
    worker ??= startWorker()
    worker.ref()
    try {
      worker.postMessage(next.request)
    } catch (cause) {
      finish(
        new ColdmeshError('bad-input', 'The request for training has a value that cannot be sent to a worker', {
          cause,
        }),
      )
    }
  }

  async function submit(
    request: Task,
    signal: AbortSignal | undefined,
    onProgress?: Job['onProgress'],
  ): Promise<Reply> {
    if (stopped) throw new ColdmeshError('aborted', 'The trainer is stopped')
    const abort = new SharedArrayBuffer(4)
    const onAbort = () => Atomics.store(new Int32Array(abort), 0, 1)
    if (signal?.aborted) throw new ColdmeshError('aborted', 'Training was aborted')
    signal?.addEventListener('abort', onAbort, { once: true })
    const { promise, resolve: settle } = Promise.withResolvers<Reply | ColdmeshError>()
    const thrown: unknown[] = []
    const tell = (progress: TrainingProgress) => {
      try {
        onProgress?.(progress)
      } catch (error) {
        thrown.push(error)
        onAbort()
      }
    }
    waiting.push({ request: { request, abort }, onProgress: tell, settle })
    startNext()
    const outcome = await promise
    signal?.removeEventListener('abort', onAbort)
    if (thrown.length > 0) throw thrown[0]
    if (outcome instanceof ColdmeshError) throw outcome
    if (outcome.kind === 'failed') throw failureError(outcome.failure)
    return outcome
  }

  return {
    name: 'onnx-cpu',
    device: 'cpu',
    async train({ model, head, dataset, plan, signal, onProgress }) {
      const reply = await submit({ kind: 'train', task: { model, head, dataset, plan } }, signal, onProgress)
      if (reply.kind !== 'trained') throw new Error(`unexpected reply ${reply.kind}`)
      return reply.result
    },
    async evaluate({ model, head, examples, maxTokens, signal }) {
      const reply = await submit({ kind: 'evaluate', task: { model, head, examples, maxTokens } }, signal)
      if (reply.kind !== 'evaluated') throw new Error(`unexpected reply ${reply.kind}`)
      return reply.result
    },
    async stop() {
      stopped = true
      const running = worker
      worker = null
      const pending = [current, ...waiting.splice(0)]
      current = null
      for (const job of pending) job?.settle(new ColdmeshError('aborted', 'The trainer was stopped'))
      await running?.terminate()
    },
  }
}
