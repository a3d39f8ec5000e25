import type { Log } from '../../../ports/system.ts'
import type { FileToReceive, IncomingFile } from '../../../ports/weight-files.ts'
import { LEAVES_HEADER, parseLeaves } from '../leaf-ranges.ts'
import {
  DEFAULT_LEAVES_IN_MEMORY,
  DEFAULT_RANGE_BYTES,
  DEFAULT_REQUESTS_PER_SOURCE,
  DEFAULT_SOURCE_FAILURES,
  DEFAULT_SOURCES_AT_ONCE,
  DEFAULT_TAKEOVER_MS,
} from '../limits.ts'
import { type Buffers, createBuffers } from './buffers.ts'
import { fetchRange } from './fetch-range.ts'
import { createJobs } from './job.ts'
import type { FoundSource } from './reach.ts'
import type { Source } from './source.ts'
import { SourceError, type SourceFault } from './source-error.ts'
import type { BodyLimits } from './watch-body.ts'

export interface FetchLeavesOptions {
  readonly file: FileToReceive
  readonly incoming: Pick<IncomingFile, 'missing' | 'write'>
  /** Peer ids, best first; asked again and again, for whoever is found meanwhile. */
  readonly peers: () => readonly string[]
  readonly find: (peer: string, signal: AbortSignal) => Promise<FoundSource>
  /** 0 ≤ x < 1: where in the file to begin. */
  readonly startAt: number
  readonly now: () => number
  readonly log: Log
  readonly signal: AbortSignal
  readonly onLeaf: (bytes: number) => void
  /** A peer was left for this fetch. */
  readonly onLeft: (peer: string, fault: SourceFault) => void
  /** For leaves of its length; others get their own. */
  readonly buffers?: Buffers | undefined
  readonly limits?: Partial<BodyLimits> | undefined
  readonly rangeBytes?: number
}

/**
 * Brings the missing leaves of a file from several peers at once. A range that a peer does not bring goes to another; a peer that sends a wrong block is not
 * asked again.
 * @returns leaves that nobody here gave
 * @throws ColdmeshError `refused` of our own disk
 */
export async function fetchLeaves(options: FetchLeavesOptions): Promise<readonly number[]> {
  const { file, incoming, log, now, signal } = options
  const leafBytes = file.leaves[0]?.bytes ?? 1
  const jobs = createJobs(incoming.missing, {
    now,
    leavesPerJob: Math.max(1, Math.floor((options.rangeBytes ?? DEFAULT_RANGE_BYTES) / leafBytes)),
    startAt: options.startAt,
    patienceMs: DEFAULT_TAKEOVER_MS,
  })
  const stopped = new AbortController()
  const within = AbortSignal.any([signal, stopped.signal])
  const buffers =
    options.buffers?.bytes === leafBytes
      ? options.buffers
      : createBuffers({ bytes: leafBytes, max: DEFAULT_LEAVES_IN_MEMORY })
  using _ = buffers.hold()
  const range = {
    ...{ file, incoming, now, limits: options.limits, onLeaf: options.onLeaf },
    offsets: offsetsOf(file),
    buffers,
  }
  const { promise: over, resolve: finish, reject } = Promise.withResolvers<void>()
  const fail = (error: unknown): void => {
    stopped.abort()
    reject(error)
  }
  const peers: string[] = []
  const known = new Set<string>()
  /** Who had nothing of it when asked, and may have when asked again: it may be getting the file itself. */
  const without: string[] = []
  let busy = 0

  function findPeers(): void {
    for (const peer of options.peers()) {
      if (known.has(peer)) continue
      known.add(peer)
      peers.push(peer)
    }
    peers.push(...without.splice(0))
  }

  /** Asks further peers while few bring anything. */
  function next(): void {
    if (jobs.areDone || within.aborted) return void (busy === 0 && finish())
    while (busy < DEFAULT_SOURCES_AT_ONCE) {
      const peer = peers.shift()
      if (peer === undefined) break
      busy++
      void use(peer)
        .catch(fail)
        .finally(() => {
          busy--
          next()
        })
    }
    if (busy === 0) finish()
  }

  async function use(peer: string): Promise<void> {
    let found: FoundSource
    try {
      found = await options.find(peer, within)
    } catch (error) {
      const fault = error instanceof SourceError ? error.fault : 'failed'
      log.debug('source-not-found', { peer, fault, error: String(error) })
      if (fault === 'absent') without.push(peer)
      return
    }
    for (const source of [found.source, found.fallback]) {
      if (source === null) continue
      const fault = await workWith(source, found.said)
      if (fault === null || within.aborted) return
      log.info('source-left', { peer, way: source.way, fault })
      if (fault !== 'failed' || source === found.fallback || found.fallback === null) return options.onLeft(peer, fault)
    }
  }

  /** Until all is done (null), or the source is of no use. */
  async function workWith(source: Source, said: FoundSource['said']): Promise<SourceFault | null> {
    const gone = new AbortController()
    const signal = AbortSignal.any([within, gone.signal])
    const left: Left = {
      fault: null,
      held: heldOf(said.leaves),
      lookedMs: now(),
      idleSinceMs: null,
      signal,
      drop: () => gone.abort(),
    }
    // What it has not got is seen when it is asked for it.
    if (said.cid !== String(file.root)) await look(source, left).catch(() => {})
    await Promise.all(Array.from({ length: DEFAULT_REQUESTS_PER_SOURCE }, () => work(source, left)))
    return left.fault
  }

  /** Meanwhile it got more itself; when nobody brings anything and it gets nothing either, it is of no use. */
  async function lookAgain(source: Source, left: Left): Promise<void> {
    if (jobs.areRunning) left.idleSinceMs = null
    else left.idleSinceMs ??= now()
    if (left.idleSinceMs !== null && now() - left.idleSinceMs > IDLE_MS) {
      left.fault ??= 'absent'
      left.drop()
    } else if (now() - left.lookedMs >= LOOK_AGAIN_MS) {
      // That it does not answer is seen when it is asked for leaves.
      await look(source, left).catch((error: unknown) => log.debug('not-looked', { error: String(error) }))
    }
  }

  /** Asks a source which leaves it has; null when that is all of them. @throws SourceError */
  async function look(source: Source, left: Left): Promise<void> {
    left.lookedMs = now()
    const path = `/ipfs/${file.root}?format=raw`
    const { headers } = await source.ask('HEAD', path, { signal: left.signal, answerMs: options.limits?.stallMs })
    left.held = heldOf(headers.get(LEAVES_HEADER))
  }

  function heldOf(text: string | undefined): Uint8Array | null {
    return text === undefined ? null : parseLeaves(text, file.leaves.length)
  }

  async function work(source: Source, left: Left): Promise<void> {
    let failures = 0
    while (left.fault === null && !jobs.areDone && !within.aborted) {
      const job = jobs.take(source.peer, left.held)
      if (job === undefined) {
        await Promise.race([jobs.changed(), pause(LOOK_AGAIN_MS, within)])
        if (left.held !== null) await lookAgain(source, left)
        continue
      }
      const { next: before } = job
      try {
        await fetchRange(source, job, { ...range, signal: left.signal })
        log.debug('range-given', { peer: source.peer, way: source.way, leaves: job.next - before })
        failures = 0
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        failures = job.next > before ? 1 : failures + 1
        const { next: lacked } = job
        jobs.giveBack(job)
        log.debug('range-not-given', { peer: source.peer, way: source.way, fault: error.fault, why: error.message })
        if (error.fault === 'busy') await pause(error.retryAfterMs, left.signal)
        else if (error.fault === 'absent' && (await lacks(source, left, lacked))) failures = 0
        else if (error.fault !== 'failed' || failures >= DEFAULT_SOURCE_FAILURES) {
          left.fault ??= error.fault
          left.drop()
        }
      } finally {
        jobs.giveBack(job)
      }
    }
  }

  /** Whether it has a part of the file, to which this leaf does not belong. */
  async function lacks(source: Source, left: Left, leaf: number): Promise<boolean> {
    await look(source, left).catch(() => {
      left.held = null
    })
    return left.held !== null && left.held[leaf] === 0
  }

  const askAgain = setInterval(() => {
    findPeers()
    next()
  }, ASK_AGAIN_MS)
  findPeers()
  next()
  try {
    await over
  } finally {
    clearInterval(askAgain)
    stopped.abort()
  }
  return jobs.left()
}

/** Whether a source is of use: its requests end when it is not. */
interface Left {
  fault: SourceFault | null
  /** 1 for each leaf that it has, when it was looked at; null for all. */
  held: Uint8Array | null
  lookedMs: number
  /** Since when nobody brings anything and it has nothing that is missing. */
  idleSinceMs: number | null
  readonly signal: AbortSignal
  readonly drop: () => void
}

const LOOK_AGAIN_MS = 250
const IDLE_MS = 2_000
/** Whoever had nothing of the file, or was not there. */
const ASK_AGAIN_MS = 1_000

function offsetsOf({ leaves }: FileToReceive): readonly number[] {
  let at = 0
  return leaves.map(({ bytes }) => {
    const begin = at
    at += bytes
    return begin
  })
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, delayMs)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}
