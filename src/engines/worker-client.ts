import { Worker } from 'node:worker_threads'
import type { ReadProgress } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingProgress, TrainingSnapshot } from '../ports/trainer.ts'
import { failureError, type Meanwhile, type Reply, type Request, type Task, type WorkerSettings } from './messages.ts'

export interface SubmitOptions {
  readonly signal?: AbortSignal | undefined
  readonly onRead?: ((progress: ReadProgress) => void) | undefined
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined
  readonly onSnapshot?: ((snapshot: TrainingSnapshot) => void) | undefined
}

export interface WorkerClient {
  /**
   * Has the worker do `task`, after those before it.
   *
   * @throws ColdmeshError: the worker's; `aborted` by the signal or `stop`; `refused` when the worker died; and what onProgress throws
   */
  submit(task: Task, options: SubmitOptions): Promise<Exclude<Reply, Meanwhile | { kind: 'failed' }>>
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
  readonly tell: (reply: Meanwhile) => void
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
      if (isMeanwhile(reply)) current?.tell(reply)
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
    async submit(task, { signal, ...listeners }) {
      if (stopped) throw new ColdmeshError('aborted', 'The trainer is stopped')
      if (signal?.aborted) throw new ColdmeshError('aborted', 'Training was aborted')
      const abort = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
      const onAbort = () => void Atomics.store(new Int32Array(abort), 0, 1)
      signal?.addEventListener('abort', onAbort, { once: true })
      const { promise, resolve: settle } = Promise.withResolvers<Reply | ColdmeshError>()
      const thrown: unknown[] = []
      const tell = (reply: Meanwhile) => {
        try {
          hear(listeners, reply)
        } catch (error) {
          thrown.push(error)
          onAbort()
        }
      }
      waiting.push({
        request: { task, abort },
        abort: onAbort,
        ended: promise,
        tell,
        settle,
      })
      startNext()
      const outcome = await promise
      signal?.removeEventListener('abort', onAbort)
      if (thrown.length > 0) throw thrown[0]
      if (outcome instanceof ColdmeshError) throw outcome
      if (outcome.kind === 'failed') throw failureError(outcome.failure)
      if (isMeanwhile(outcome)) throw new Error('progress ends nothing')
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

function isMeanwhile(reply: Reply): reply is Meanwhile {
  return reply.kind === 'read' || reply.kind === 'progress' || reply.kind === 'snapshot'
}

function hear({ onRead, onProgress, onSnapshot }: Omit<SubmitOptions, 'signal'>, reply: Meanwhile): void {
  if (reply.kind === 'read') onRead?.(reply.progress)
  else if (reply.kind === 'progress') onProgress?.(reply.progress)
  else onSnapshot?.(reply.snapshot)
}

async function within(delayMs: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, delayMs)
  await Promise.race([promise, late])
  clearTimeout(timer)
}
