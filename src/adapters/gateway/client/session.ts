import type { CID } from 'multiformats/cid'
import type { Log } from '../../../ports/system.ts'
import type { FileToReceive, IncomingFile } from '../../../ports/weight-files.ts'
import { DEFAULT_ANSWER_STALL_MS } from '../limits.ts'
import type { Buffers } from './buffers.ts'
import { fetchBlock } from './fetch-block.ts'
import { fetchLeaves } from './fetch-leaves.ts'
import { type FoundSource, findSource, type Reach } from './reach.ts'
import { type SourceFault, sourceError } from './source-error.ts'
import type { BodyLimits } from './watch-body.ts'

/** One fetch from peers that serve by the gateway protocol; whom it found to be of no use is not asked again. */
export interface Session extends Disposable {
  /** One block from the first peer that gives it; null when none of them does. */
  block(cid: CID, signal: AbortSignal): Promise<Uint8Array | null>
  /**
   * The missing leaves of a file from several peers at once.
   * @returns those that nobody gave
   * @throws ColdmeshError `refused` of our own disk
   */
  leaves(options: {
    readonly file: FileToReceive
    readonly incoming: Pick<IncomingFile, 'missing' | 'write'>
    readonly signal: AbortSignal
    readonly onLeaf: (bytes: number) => void
  }): Promise<readonly number[]>
}

export interface SessionOptions {
  readonly reach: Reach
  /** Peer ids that are connected, best first. */
  readonly peers: () => readonly string[]
  /** Peers that do not speak the protocol, over all fetches. */
  readonly strangers: Strangers
  /** 0 ≤ x < 1: where in a file to begin. */
  readonly startAt: number
  readonly now: () => number
  readonly log: Log
  readonly onLeft: (peer: string, fault: SourceFault) => void
  readonly limits?: Partial<BodyLimits> | undefined
  /** Shared by all sessions. */
  readonly buffers?: Buffers | undefined
}

export function createSession(options: SessionOptions): Session {
  const { reach, strangers, log, limits } = options
  const found = new Map<string, Promise<FoundSource>>()
  const left = new Set<string>()
  const answerMs = limits?.stallMs ?? DEFAULT_ANSWER_STALL_MS
  const peers = (): string[] => options.peers().filter((peer) => !left.has(peer) && !strangers.has(peer))

  /** Found once, and for all that is fetched here. A peer that lacks one block may have the next. */
  function find(peer: string, cid: CID, signal: AbortSignal): Promise<FoundSource> {
    const known = found.get(peer)
    if (known !== undefined) return known
    const finding = findSource(reach, { peer, cid: String(cid), signal, answerMs })
    found.set(peer, finding)
    finding.catch((error: unknown) => {
      found.delete(peer)
      if (sourceError(error).fault === 'failed' && !signal.aborted) strangers.add(peer)
    })
    return finding
  }

  function leave(peer: string, fault: SourceFault): void {
    // A peer that lacks one part may have others.
    if (fault !== 'absent') left.add(peer)
    options.onLeft(peer, fault)
  }

  return {
    async block(cid, signal) {
      for (const peer of peers()) {
        if (signal.aborted) return null
        let isFound = false
        try {
          const { source } = await find(peer, cid, signal)
          isFound = true
          return await fetchBlock(source, cid, { signal, limits })
        } catch (error) {
          const { fault, message } = sourceError(error)
          log.debug('block-not-given', { cid: String(cid), peer, fault, why: message })
          if (isFound && !signal.aborted && (fault === 'lied' || fault === 'failed')) leave(peer, fault)
        }
      }
      return null
    },
    leaves: ({ file, incoming, signal, onLeaf }) =>
      fetchLeaves({
        ...{ file, incoming, signal, onLeaf, log, limits },
        ...{ now: options.now, startAt: options.startAt, buffers: options.buffers },
        peers,
        find: (peer, stop) => find(peer, file.root, stop),
        onLeft: leave,
      }),
    [Symbol.dispose]() {
      for (const finding of found.values()) {
        finding.then(
          ({ source, fallback }) => {
            source.close()
            fallback?.close()
          },
          () => {},
        )
      }
    },
  }
}

/** Peers that gave no answer to HTTP over a stream: for a while they are not asked by it. */
export interface Strangers {
  has(peer: string): boolean
  add(peer: string): void
}

const STRANGER_MS = 60_000
const MAX_STRANGERS = 1024

export function createStrangers(now: () => number): Strangers {
  const until = new Map<string, number>()
  return {
    has: (peer) => (until.get(peer) ?? 0) > now(),
    add(peer) {
      until.delete(peer)
      until.set(peer, now() + STRANGER_MS)
      const [oldest] = until.keys()
      if (until.size > MAX_STRANGERS && oldest !== undefined) until.delete(oldest)
    },
  }
}
