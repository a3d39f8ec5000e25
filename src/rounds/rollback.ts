import type { CID } from 'multiformats/cid'
import type { RollbackTarget } from '../../protocols/lineage/rules.ts'
import { amendment, ratification } from '../../protocols/membership/messages.ts'
import type { AmendmentView } from '../../protocols/membership/rules.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { MalformedError } from '../../protocols/wire/codec.ts'
import { amendmentView } from './regime.ts'
import type { Ancestor, Head } from './state.ts'

/** The base that an amendment in the round after `head` may roll back to: a recent one, with other weights. Null: not that one. */
export function earlierBase({ history, weights }: Pick<Head, 'history' | 'weights'>, base: CID): RollbackTarget | null {
  const found = history.slice(1).find((ancestor) => equalCids(ancestor.base, base))
  return found === undefined || equalCids(found.weights, weights) ? null : { base, weights: found.weights }
}

/** What judges amendments in the round that begins at this head. */
export function amendmentViewAt(head: Pick<Head, 'regime' | 'history' | 'weights'>): AmendmentView {
  return amendmentView(head.regime, (base) => earlierBase(head, base) !== null)
}

/** Where a ratified amendment rolls back to; null for one that changes terms, undefined for a base that it may not name here. */
export function rollbackOf(head: Head, ratified: Uint8Array): RollbackTarget | null | undefined {
  const { change } = amendment.decode(ratification.decode(ratified).amendment)
  return change.rollback === undefined ? null : (earlierBase(head, change.rollback.base) ?? undefined)
}

/** The base that a lineage's ratification rolls back to, as it says; null for another change, or what is no ratification. */
export function namedByRollback(ratified: Uint8Array | null | undefined): CID | null {
  if (ratified === null || ratified === undefined) return null
  try {
    return amendment.decode(ratification.decode(ratified).amendment).change.rollback?.base ?? null
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}

/** A base on the way back, as far as reverting goes. */
export interface Reverting {
  readonly round: number
  /** Its CID as text. */
  readonly base: string
  /** The base whose weights it went back to, where it is a rollback. */
  readonly rolledBackTo: string | null
}

/**
 * Tells of bases, given from the newest back without a gap, which round reverted each; null for one whose training is in the
 * newest weights: a rollback leads to the base that it names, past what it reverted.
 */
export function createReverts(): (base: Reverting) => number | null {
  let by: number | null = null
  let until: string | null = null
  return ({ round, base, rolledBackTo }) => {
    if (base === until) until = null
    if (until !== null) return by
    if (rolledBackTo !== null) {
      by = round
      until = rolledBackTo
    }
    return null
  }
}

/** Those of a history, newest first, whose training is in the newest weights. */
export function inForce(history: readonly Ancestor[]): readonly Ancestor[] {
  const revertedBy = createReverts()
  return history.filter(({ round, base, rolledBackTo }) => {
    const told = { round, base: String(base), rolledBackTo: rolledBackTo === undefined ? null : String(rolledBackTo) }
    return revertedBy(told) === null
  })
}
