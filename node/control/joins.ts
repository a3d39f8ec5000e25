import type { Dataset, DatasetOptions, Examples, JoinEvent, JoinResult, Peer } from 'coldmesh'
import { defined } from '../defined.ts'
import { describeHttpFailure, HttpError } from './http-error.ts'
import type { JoinRequest } from './shapes.ts'

const MAX_RUNNING = 4
const MAX_KEPT = 16
/** Events kept for a client that asks a moment later; of a longer past only the newest. */
const MAX_EVENTS = 1000

export type OpenDataset = (path: string, options: DatasetOptions) => Promise<Dataset<Examples>>

/** What a client hears of a join: its events, then how it ended. */
export type JoinMessage =
  | JoinEvent
  | { readonly type: 'result'; readonly result: JoinResult }
  | { readonly type: 'error'; readonly error: { code: string; message: string; hint: string | null } }

export interface Joins {
  /** Reads the dataset, then contributes in the background. @throws as the dataset's reader */
  start(request: JoinRequest): Promise<string>
  /** From the beginning, ends with `result` or `error`. @throws HttpError `not-found` */
  follow(id: string, signal: AbortSignal): AsyncIterable<JoinMessage>
  /** @throws HttpError `not-found` */
  cancel(id: string): void
}

interface Job {
  readonly messages: JoinMessage[]
  /** How many messages were dropped from the front. */
  dropped: number
  isDone: boolean
  readonly controller: AbortController
  /** Resolves at the next message. */
  wake: PromiseWithResolvers<void>
}

/** The joins that clients handed to this daemon. */
export function createJoins({ peer, openDataset }: { peer: Peer; openDataset: OpenDataset }): Joins {
  const jobs = new Map<string, Job>()
  let count = 0

  const find = (id: string): Job => {
    const job = jobs.get(id)
    if (job === undefined) throw new HttpError('not-found', 'There is no such join.')
    return job
  }

  return {
    async start(request) {
      if ([...jobs.values()].filter(({ isDone }) => !isDone).length >= MAX_RUNNING) {
        throw new HttpError('busy', `${MAX_RUNNING} joins run already.`, 'Wait for one to end.')
      }
      const { data, task, license, rounds, recipe, plan, invite, ...reading } = request
      if (invite !== undefined) await peer.acceptInvite(invite)
      const dataset = await openDataset(data, defined({ ...reading, name: task }))
      const id = String(++count)
      const job: Job = {
        messages: [],
        dropped: 0,
        isDone: false,
        controller: new AbortController(),
        wake: Promise.withResolvers(),
      }
      jobs.set(id, job)
      forgetOldest(jobs)
      const options = defined({ task, license, rounds, recipe, plan: plan === undefined ? undefined : defined(plan) })
      const joining = peer.join({ dataset, signal: job.controller.signal, ...options })
      void record(job, joining)
      return id
    },
    follow: (id, signal) => messagesOf(find(id), signal),
    cancel(id) {
      find(id).controller.abort()
    },
  }
}

async function* messagesOf(job: Job, signal: AbortSignal): AsyncGenerator<JoinMessage> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  let next = 0
  while (!signal.aborted) {
    next = Math.max(next, job.dropped)
    const message = job.messages[next - job.dropped]
    if (message !== undefined) {
      next += 1
      yield message
    } else if (job.isDone) {
      return
    } else {
      await Promise.race([job.wake.promise, aborted])
    }
  }
}

async function record(job: Job, joining: ReturnType<Peer['join']>): Promise<void> {
  const add = (message: JoinMessage): void => {
    job.messages.push(message)
    if (job.messages.length > MAX_EVENTS) {
      job.messages.shift()
      job.dropped += 1
    }
    job.wake.resolve()
    job.wake = Promise.withResolvers()
  }
  joining.result.catch(() => {})
  try {
    for await (const event of joining) add(event)
    const result = await joining.result
    job.isDone = true
    add({ type: 'result', result })
  } catch (error) {
    job.isDone = true
    add({ type: 'error', error: describeHttpFailure(error).body.error })
  }
}

function forgetOldest(jobs: Map<string, Job>): void {
  for (const [id, job] of jobs) {
    if (jobs.size <= MAX_KEPT) return
    if (job.isDone) jobs.delete(id)
  }
}
