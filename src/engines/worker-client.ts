import { Worker } from 'node:worker_threads'
import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingProgress, TrainingSnapshot } from '../ports/trainer.ts'
import { failureError, type Reply, type Request, type Task, type WorkerSettings } from './messages.ts'

export interface SubmitOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined
  readonly onSnapshot?: ((snapshot: TrainingSnapshot) => void) | undefined
}

export interface WorkerClient {
  /**
   * Has the worker do `task`, after those before it.
   *
   * @throws ColdmeshError: the worker's; `aborted` by the signal or `stop`; `refused` when the worker died; and what onProgress throws
   */
  submit(task: Task, options: SubmitOptions): Promise<Exclude<Reply, { kind: 'progress' | 'snapshot' | 'failed' }>>
  /** Ends the worker and what it is doing. Idempotent. */
  stop(): Promise<void>
}

/** How long a step of a running task, and then the thread, may take to end before the thread is ended by force. */
const GRACE_MS = 4_000

interface Job {
  readonly request: Request
  /** The task ends at its next step. */
  readonly abort: () => void
  readonly ended: Promise<unknown>
  readonly tell: (progress: TrainingProgress) => void
  readonly save: (snapshot: TrainingSnapshot) => void
  readonly settle: (outcome: Reply | ColdmeshError) => void
}

/**
 * A queue before one worker thread. The worker starts with the first task, and anew after it died; between tasks it doesn't keep
 * the process alive.
 */
export function createWorkerClient(options: { readonly url: URL; readonly settings: WorkerSettings }): WorkerClient {
  const waiting: Job[] = []
  let current: Job | null = null
  let worker: Worker | null = null
  let stopped = false

  function startWorker(): Worker {
    const started = new Worker(options.url, { workerData: options.settings })
    started.on('message', (reply: Reply) => {
      if (reply.kind === 'progress') current?.tell(reply.progress)
      else if (reply.kind === 'snapshot') current?.save(reply.snapshot)
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
    async submit(task, { signal, onProgress, onSnapshot }) {
      if (stopped) throw new ColdmeshError('aborted', 'The trainer is stopped')
      if (signal?.aborted) throw new ColdmeshError('aborted', 'Training was aborted')
      const abort = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
      const onAbort = () => void Atomics.store(new Int32Array(abort), 0, 1)
      signal?.addEventListener('abort', onAbort, { once: true })
      const { promise, resolve: settle } = Promise.withResolvers<Reply | ColdmeshError>()
      const thrown: unknown[] = []
      const telling =
        <T>(listener: ((value: T) => void) | undefined) =>
        (value: T) => {
          try {
            listener?.(value)
          } catch (error) {
            thrown.push(error)
            onAbort()
          }
        }
      waiting.push({
        request: { task, abort },
        abort: onAbort,
        ended: promise,
        tell: telling(onProgress),
        save: telling(onSnapshot),
        settle,
      })
      startNext()
      const outcome = await promise
      signal?.removeEventListener('abort', onAbort)
      if (thrown.length > 0) throw thrown[0]
      if (outcome instanceof ColdmeshError) throw outcome
      if (outcome.kind === 'failed') throw failureError(outcome.failure)
      if (outcome.kind === 'progress' || outcome.kind === 'snapshot') throw new Error('progress ends nothing')
      return outcome
    },
    // ONNX Runtime aborts the whole process when its thread is ended in the middle of a run: so the run ends first.
    async stop() {
      stopped = true
      for (const job of waiting.splice(0)) job.settle(new ColdmeshError('aborted', 'The trainer was stopped'))
      const running = worker
      if (running === null) return
      const exited = new Promise((resolve) => running.once('exit', resolve))
      if (current !== null) {
        current.abort()
        await within(GRACE_MS, current.ended)
      }
      running.ref()
      running.postMessage(null)
      await within(GRACE_MS, exited)
      worker = null
      current?.settle(new ColdmeshError('aborted', 'The trainer was stopped'))
      current = null
      await running.terminate()
    },
  }
}

async function within(delayMs: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, delayMs)
  await Promise.race([promise, late])
  clearTimeout(timer)
}
