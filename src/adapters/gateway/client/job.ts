import { endOfRun } from '../leaf-ranges.ts'

/** Leaves next to each other that one request brings. Others may take its end away while it runs. */
export interface Job {
  /** The next one to come. */
  next: number
  /** One after the last. */
  end: number
  /** When the last leaf came, or the job began; on the monotonic clock. */
  movedMs: number
  /** Ends the request; set while one runs. */
  abort: (() => void) | null
  /** Without a leaf for so long it is taken away, where another source is free: longer each time, so that slow sources do not take it from each other for ever. */
  readonly patienceMs: number
}

export interface Jobs {
  /**
   * Something to do for whoever is free: what waits, or a part of what another source is slow with.
   * @param held 1 for each leaf that it has; null for all of them
   */
  take(worker: string, held?: Uint8Array | null): Job | undefined
  /** A job ends; what it did not bring waits again. */
  giveBack(job: Job): void
  readonly areDone: boolean
  /** Somebody brings something now. */
  readonly areRunning: boolean
  /** Resolves when something changed: a job came back, or all are done. */
  changed(): Promise<void>
  /** All that was not brought. */
  left(): number[]
}

export interface JobsOptions {
  readonly now: () => number
  /** Leaves of one job. */
  readonly leavesPerJob: number
  /** 0 ≤ x < 1: where to begin, so that those who fetch the same at once begin in different places. */
  readonly startAt: number
  readonly patienceMs: number
}

/** @param missing indexes of leaves, ascending */
export function createJobs(missing: readonly number[], options: JobsOptions): Jobs {
  const { now } = options
  const pieces = cut(missing, options.leavesPerJob)
  const start = Math.floor(options.startAt * pieces.length)
  const waiting = [...pieces.slice(start), ...pieces.slice(0, start)].map(([next, end]) => newJob(next, end))
  const running = new Map<Job, string>()
  let wakes: (() => void)[] = []

  function newJob(next: number, end: number, patienceMs = options.patienceMs): Job {
    return { next, end, patienceMs, movedMs: 0, abort: null }
  }

  function run(job: Job, worker: string): Job {
    job.movedMs = now()
    running.set(job, worker)
    return job
  }

  function wake(): void {
    const all = wakes
    wakes = []
    for (const resolve of all) resolve()
  }

  /** The first of what waits; of a source that has a part, the first run that it has. */
  function takeWaiting(held: Uint8Array | null): Job | undefined {
    if (held === null) return waiting.shift()
    for (const [index, { next, end, patienceMs }] of waiting.entries()) {
      const from = held.indexOf(1, next)
      if (from < 0 || from >= end) continue
      const to = Math.min(end, endOfRun(held, from))
      const rest = [newJob(next, from, patienceMs), newJob(to, end, patienceMs)]
      waiting.splice(index, 1, ...rest.filter((job) => job.next < job.end))
      return newJob(from, to, patienceMs)
    }
    return undefined
  }

  /** All of what stands still, else half of the longest. The leaf that is on its way stays with whoever brings it. */
  function steal(worker: string, held: Uint8Array | null): Job | undefined {
    const has = (from: number, end: number): boolean =>
      held === null || (held[from] === 1 && endOfRun(held, from) >= end)
    const others = [...running].flatMap(([job, owner]) => (owner === worker ? [] : [job]))
    const isStill = (job: Job): boolean => job.next < job.end && now() - job.movedMs > job.patienceMs
    const still = others.find((job) => isStill(job) && has(job.next, job.end))
    if (still !== undefined) {
      const job = newJob(still.next, still.end, still.patienceMs * 2)
      still.end = still.next
      still.abort?.()
      return job
    }
    const longest = others.reduce<Job | undefined>(
      (best, job) => (job.end - job.next > (best === undefined ? 2 : best.end - best.next) ? job : best),
      undefined,
    )
    if (longest === undefined) return undefined
    const middle = longest.end - Math.floor((longest.end - longest.next) / 2)
    if (!has(middle, longest.end)) return undefined
    const job = newJob(middle, longest.end)
    longest.end = middle
    return job
  }

  return {
    take(worker, held = null) {
      const job = takeWaiting(held) ?? steal(worker, held)
      return job === undefined ? undefined : run(job, worker)
    },
    giveBack(job) {
      if (!running.delete(job)) return
      job.abort = null
      if (job.next < job.end) waiting.unshift(newJob(job.next, job.end, job.patienceMs))
      wake()
    },
    get areDone() {
      return waiting.length === 0 && running.size === 0
    },
    get areRunning() {
      return running.size > 0
    },
    changed: () => new Promise((resolve) => wakes.push(resolve)),
    left: () =>
      [...waiting, ...running.keys()].flatMap(({ next, end }) =>
        Array.from({ length: end - next }, (_, i) => next + i),
      ),
  }
}

/** Runs without a gap, each at most `size` long. */
function cut(missing: readonly number[], size: number): (readonly [number, number])[] {
  const pieces: [number, number][] = []
  for (const index of missing) {
    const last = pieces.at(-1)
    if (last !== undefined && last[1] === index && last[1] - last[0] < size) last[1]++
    else pieces.push([index, index + 1])
  }
  return pieces
}
