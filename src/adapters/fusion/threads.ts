import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { ColdmeshError } from '../../ports/errors.ts'
import { IS_STOPPED, type Job, type Outcome } from './job.ts'
import { describeFailure, type Failure, failureError, type Reply } from './messages.ts'
import { runJob } from './run-job.ts'

/** A thread makes little garbage: what it reads and counts is no part of its heap. */
const LIMITS = { maxYoungGenerationSizeMb: 2 }

export interface RunOptions {
  /** How many threads may do it. */
  readonly most: number
  readonly signal: AbortSignal | undefined
  /** Called after each unit. */
  readonly onUnit: (() => void) | undefined
}

/** Threads that do one job after the other. */
export interface Threads extends AsyncDisposable {
  /** @throws ColdmeshError the first that a unit threw; `aborted`; `refused` when a thread died */
  run(job: Job, options: RunOptions): Promise<readonly Outcome[]>
}

/** None: the calling thread does the work, and lets others have their turn after each unit. */
export function createThreads(count: number): Threads {
  return count === 0 ? createOwnThread() : createWorkers(count)
}

/** A thread has one job at a time: memory and what it answers are about that one. */
function createQueue(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const running = last.then(work)
    last = running.catch(() => {})
    return running
  }
}

/** Of the calling thread: whichever engine it works for. */
const inOwnTurn = createQueue()

function createOwnThread(): Threads {
  async function runNow(job: Job, { signal, onUnit }: RunOptions): Promise<readonly Outcome[]> {
    const running = runJob(job)
    for (;;) {
      throwIfAborted(signal)
      try {
        const { done, value } = await running.next()
        if (done) return [value]
      } catch (error) {
        throw failureError(describeFailure(error))
      }
      onUnit?.()
      await setImmediate()
    }
  }

  return { run: (job, options) => inOwnTurn(() => runNow(job, options)), async [Symbol.asyncDispose]() {} }
}

type Ended = { readonly outcome: Outcome } | { readonly failure: Failure }

function createWorkers(count: number): Threads {
  const workers: Worker[] = []

  function workerAt(index: number): Worker {
    const kept = workers[index]
    if (kept !== undefined) return kept
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), { resourceLimits: LIMITS })
    workers[index] = worker
    // what it died of is told to whom it worked for
    worker.on('error', () => {}).once('exit', () => delete workers[index])
    return worker
  }

  async function runNow(job: Job, { signal, onUnit, most }: RunOptions): Promise<readonly Outcome[]> {
    throwIfAborted(signal)
    const control = new Int32Array(job.control)
    const stop = () => void Atomics.store(control, IS_STOPPED, 1)
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const parts = Array.from({ length: Math.min(count, most) }, (_, index) =>
        doPart(workerAt(index), job, onUnit, stop),
      )
      const ended = await Promise.all(parts)
      const failures = ended.flatMap((end) => ('failure' in end ? [end.failure] : []))
      const [first] = failures.sort((a, b) => a.unit - b.unit)
      if (first !== undefined) throw failureError(first)
      throwIfAborted(signal)
      return ended.flatMap((end) => ('outcome' in end ? [end.outcome] : []))
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  const inTurn = createQueue()
  return {
    run: (job, options) => inTurn(() => runNow(job, options)),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

/** A thread's part of a job. It keeps the process alive only meanwhile. */
async function doPart(worker: Worker, job: Job, onUnit: (() => void) | undefined, stop: () => void): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const onMessage = (reply: Reply) => {
    if (reply.kind === 'unit') onUnit?.()
    else resolve(reply.kind === 'done' ? { outcome: reply.outcome } : { failure: reply.failure })
  }
  const onError = (cause: unknown) => {
    stop()
    const message = 'A thread that fuses died before it was done.'
    const hint = 'the machine may lack memory: use fewer workers'
    const stack = cause instanceof Error ? cause.stack : undefined
    // after what a unit threw
    const unit = Number.POSITIVE_INFINITY
    resolve({ failure: { unit, code: 'refused', message, facts: {}, hint, stack } })
  }
  worker.on('message', onMessage).on('error', onError).on('exit', onError)
  worker.ref()
  try {
    worker.postMessage(job)
    return await promise
  } finally {
    worker.off('message', onMessage).off('error', onError).off('exit', onError)
    worker.unref()
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ColdmeshError('aborted', 'The fusion was aborted.', { cause: signal.reason })
}
