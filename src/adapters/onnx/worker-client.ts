import { Worker } from 'node:worker_threads'
import { ColdmeshError } from '../../ports/errors.ts'
import type { TrainingProgress } from '../../ports/trainer.ts'
import { failureError, type Reply, type Request, type Task } from './messages.ts'

export interface SubmitOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined
}

export interface WorkerClient {
  /**
   * Has the worker do `task`, after those before it.
   *
   * @throws ColdmeshError: the worker's; `aborted` by the signal or `stop`; `refused` when the worker died; and what onProgress throws
   */
  submit(task: Task, options: SubmitOptions): Promise<Exclude<Reply, { kind: 'progress' | 'failed' }>>
  /** Ends the worker and what it is doing. Idempotent. */
  stop(): Promise<void>
}

interface Job {
  readonly request: Request
  readonly tell: (progress: TrainingProgress) => void
  readonly settle: (outcome: Reply | ColdmeshError) => void
}

/**
 * A queue before one worker thread. The worker starts with the first task, and anew after it died; between tasks it doesn't keep
 * the process alive.
 */
export function createWorkerClient(options: { readonly url: URL; readonly threads: number }): WorkerClient {
  const waiting: Job[] = []
  let current: Job | null = null
  let worker: Worker | null = null
  let stopped = false

  function startWorker(): Worker {
    const started = new Worker(options.url, { workerData: { threads: options.threads } })
    started.on('message', (reply: Reply) => {
      if (reply.kind === 'progress') current?.tell(reply.progress)
      else finish(reply)
    })
    started.on('messageerror', (cause) => lose(started, cause))
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
      finish(new ColdmeshError('bad-input', 'A value of the request cannot be sent to a worker', { cause }))
    }
  }

  return {
    async submit(task, { signal, onProgress }) {
      if (stopped) throw new ColdmeshError('aborted', 'The trainer is stopped')
      if (signal?.aborted) throw new ColdmeshError('aborted', 'Training was aborted')
      const abort = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
      const onAbort = () => void Atomics.store(new Int32Array(abort), 0, 1)
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
      waiting.push({ request: { task, abort }, tell, settle })
      startNext()
      const outcome = await promise
      signal?.removeEventListener('abort', onAbort)
      if (thrown.length > 0) throw thrown[0]
      if (outcome instanceof ColdmeshError) throw outcome
      if (outcome.kind === 'failed') throw failureError(outcome.failure)
      if (outcome.kind === 'progress') throw new Error('progress ends nothing')
      return outcome
    },
    async stop() {
      stopped = true
      const running = worker
      const jobs = [current, ...waiting.splice(0)]
      worker = null
      current = null
      for (const job of jobs) job?.settle(new ColdmeshError('aborted', 'The trainer was stopped'))
      await running?.terminate()
    },
  }
}
