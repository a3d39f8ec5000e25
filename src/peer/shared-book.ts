import type { CID } from 'multiformats/cid'
import type { TopicName } from '../../protocols/registry.ts'
import type { Verdict } from '../../protocols/wire/verdict.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Gossip } from '../ports/gossip.ts'
import type { Log } from '../ports/system.ts'
import { createAnnounce } from './announce.ts'
import type { Refusal } from './round/inbox.ts'

/** Who said it to us. */
export type Origin = 'self' | 'gossip' | 'sync'

/** What a book makes of a message. `added` is held from now on; null for what was held before, or is not taken. */
export interface Judged<T> {
  readonly verdict: Verdict
  readonly added: T | null
}

export interface Taken<T> extends Judged<T> {
  /** Resolves when it is on the disk, and need not be waited for. @throws ColdmeshError `refused` */
  readonly written: Promise<void>
}

/** What a peer needs to share a book with others. */
export interface SharedBookPorts {
  readonly network: CID
  readonly gossip: Pick<Gossip, 'publish'>
  /** Tells people of a message that is provably wrong. */
  readonly note: (refusal: Refusal) => void
  readonly log: Log
  readonly signal: AbortSignal
}

export interface SharedBookOptions<T> extends SharedBookPorts {
  readonly topic: TopicName
  /** One of its messages, for people and the log. */
  readonly what: 'approval' | 'evidence' | 'report'
  /** Judges a message, and holds it if it is accepted. */
  readonly add: (bytes: Uint8Array) => Judged<T>
  /** Tells of what is new. */
  readonly tell: (added: T, from: Origin) => void
  readonly store: (added: T) => Promise<void>
  /** Requests that name what is held, each of them answered with a page of what is not. */
  readonly ask: (peer: string, signal: AbortSignal) => readonly AsyncIterable<Uint8Array>[]
  /** So often one exchange asks: what is still missing then comes with the next. */
  readonly maxPages: number
}

/** A book that all peers of a network fill together: what one of them learns is judged, kept on the disk and passed on to the others. */
export interface SharedBook<T> {
  /** From gossip. */
  receive(bytes: Uint8Array): Verdict
  take(bytes: Uint8Array, from: Origin): Taken<T>
  /** Changes the file, after what is being written; need not be waited for. @throws ColdmeshError `refused` */
  write(work: () => Promise<void>): Promise<void>
  /** Never throws. */
  announce(bytes: Uint8Array): Promise<void>
  /** Asks a neighbour for what we lack. Never throws. */
  syncWith(peer: string): Promise<void>
  /** Resolves when everything is on the disk, or was refused by it. */
  stop(): Promise<void>
}

export function createSharedBook<T>(options: SharedBookOptions<T>): SharedBook<T> {
  const { topic, what, log, signal } = options
  const announce = createAnnounce(options)
  let writing: Promise<void> = Promise.resolve()

  function write(work: () => Promise<void>): Promise<void> {
    const written = writing.then(work)
    // What a full disk loses comes back by sync; our own is reported to whoever said it.
    writing = written.catch((error: unknown) => log.warn(`${what}-not-stored`, { error: String(error) }))
    return written
  }

  function take(bytes: Uint8Array, from: Origin): Taken<T> {
    const { verdict, added } = options.add(bytes)
    if (added === null) return { verdict, added, written: Promise.resolve() }
    const written = write(() => options.store(added))
    options.tell(added, from)
    return { verdict, added, written }
  }

  async function takeAll(messages: AsyncIterable<Uint8Array>): Promise<number> {
    let gained = 0
    for await (const bytes of messages) {
      const { verdict, added } = take(bytes, 'sync')
      if (verdict.verdict === 'reject') {
        throw new ColdmeshError('not-valid', `A peer passed on what is no ${what}: ${verdict.reason}.`)
      }
      if (added !== null) gained++
    }
    return gained
  }

  return {
    take,
    write,
    announce: (bytes) => announce(topic, bytes),
    receive: (bytes) => {
      const { verdict } = take(bytes, 'gossip')
      if (verdict.verdict === 'reject') options.note({ what, id: null, author: null, reason: verdict.reason })
      return verdict
    },
    syncWith: async (peer) => {
      try {
        for (let page = 0; page < options.maxPages; page++) {
          let gained = 0
          for (const messages of options.ask(peer, signal)) gained += await takeAll(messages)
          if (gained === 0) return
        }
      } catch (error) {
        if (!signal.aborted) log.info(`${topic}-sync-failed`, { peer, error: String(error) })
      }
    },
    stop: () => writing,
  }
}

/** The envelopes that are not among `have`, at most a page. */
export function missingFrom(
  held: readonly { readonly id: CID; readonly envelope: Uint8Array }[],
  have: readonly CID[],
  atMost: number,
): readonly Uint8Array[] {
  const known = new Set(have.map(String))
  return held
    .filter(({ id }) => !known.has(String(id)))
    .slice(0, atMost)
    .map(({ envelope }) => envelope)
}
