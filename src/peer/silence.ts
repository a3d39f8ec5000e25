import type { Log } from '../ports/system.ts'
import type { Head } from '../rounds/state.ts'
import type { Emitter } from './emitter.ts'
import type { CheckedBase } from './heads.ts'
import { probationFile } from './probation-file.ts'
import { signersOf } from './signers.ts'
import type { Speaker } from './speaker.ts'
import type { PeerEvent } from './types.ts'

/** Rounds that must be certified without us before a key without its journal speaks again. */
const ROUNDS = 2

/** Why a key signs nothing, and until when. A key that may have said what its journal does not hold can contradict itself. */
export interface Silence {
  /** Null when the key may speak. */
  readonly reason: string | null
  /** Until a restart. */
  impose(reason: string): void
  /** Somebody else signs with this key, or this key did before its journal was lost: a restart alone ends it no more. */
  foundImpostor(): Promise<void>
  /** Bases were followed, in a row. */
  followed(bases: readonly CheckedBase[]): Promise<void>
  /** A round begins at `head`. */
  entered(head: Head): Promise<void>
}

/**
 * A key whose journal is missing, older than what it signed, or damaged in what it says about that, is silent until two rounds
 * after the head that it first syncs are certified: what it said before is then in no round that still runs.
 */
export async function openSilence(options: {
  readonly dataDir: string
  readonly key: Uint8Array
  readonly head: Head
  readonly isJournalNew: boolean
  /** What the journal speaks of. */
  readonly speaker: Pick<Speaker, 'spokenUpTo'>
  readonly events: Emitter<PeerEvent>
  readonly log: Log
}): Promise<Silence> {
  const { key, speaker, events, log } = options
  const file = probationFile(options.dataDir)
  let { head } = options
  let imposed: string | null = null
  let probation: { readonly why: string; readonly until: number } | null = null

  async function extend(why: string, from: number): Promise<void> {
    const until = Math.max(from + ROUNDS, probation?.until ?? 0)
    const isNew = probation === null
    if (probation?.until === until) return
    probation = { why: probation?.why ?? why, until }
    // In force at once: what the disk takes longer for is no excuse to speak.
    await file.write(until).catch((error: unknown) => log.error('probation-not-stored', { error: String(error) }))
    if (isNew) tell(why)
  }

  function tell(reason: string): void {
    log.error('muted', { reason })
    events.emit({ type: 'muted', reason })
  }

  const stored = await file.read()
  if (stored === 'damaged') await extend('the file that says how long this key is silent is damaged', head.round)
  else if (options.isJournalNew && head.regime.current.isMember(key))
    await extend('the journal of this key is new', head.round)
  else if (stored !== null) probation = { why: 'its journal was new, or older than what it signed', until: stored }

  return {
    get reason() {
      if (imposed !== null) return imposed
      if (probation !== null) return `${probation.why}: silent until round ${probation.until} is certified`
      const spoken = speaker.spokenUpTo
      if (spoken <= head.round + 1) return null
      return `the journal speaks of round ${spoken}, the chain ends at round ${head.round}: silent until the rounds between are here again`
    },
    impose: (reason) => {
      if (imposed !== null) return
      imposed = reason
      tell(reason)
    },
    foundImpostor: async () => {
      if (imposed !== null) return
      imposed = 'another process signs with this key, or its journal is an old copy'
      tell(imposed)
      await extend('this key said what its journal does not hold', head.round)
    },
    followed: async (bases) => {
      const newest = bases.at(-1)
      if (newest === undefined) return
      const forgotten = bases.findLast((base) => base.head.round > speaker.spokenUpTo && signersOf(base).has(key))
      if (forgotten !== undefined) {
        await extend(
          `this key signed round ${forgotten.head.round}, which its journal does not know`,
          newest.head.round,
        )
      } else if (probation !== null && bases.length > 1) {
        // Rounds that were certified before we came say nothing about how long ago we spoke.
        await extend(probation.why, newest.head.round)
      }
    },
    entered: async (next) => {
      head = next
      if (probation === null || next.round < probation.until) return
      probation = null
      await file.remove().catch((error: unknown) => log.warn('probation-not-removed', { error: String(error) }))
    },
  }
}
