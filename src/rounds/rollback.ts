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

/**
 * Those of a history whose training is in the newest weights: a rollback leads to the base that it names, past what it
 * reverted.
 */
export function inForce(history: readonly Ancestor[]): readonly Ancestor[] {
  const found: Ancestor[] = []
  for (let at = 0; at < history.length; ) {
    const ancestor = history[at]
    if (ancestor === undefined) break
    found.push(ancestor)
    const { rolledBackTo } = ancestor
    const next = rolledBackTo === undefined ? at + 1 : history.findIndex(({ base }) => equalCids(base, rolledBackTo))
    // Further back than is known.
    if (next <= at) break
    at = next
  }
  return found
}
