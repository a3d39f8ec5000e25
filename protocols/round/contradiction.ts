import { equalBytes, equalCids } from '../wire/bytes.ts'
import type { Signed } from '../wire/envelope.ts'
import type { InclusionList } from './messages.ts'
import type { RoundMessage } from './rules.ts'

/**
 * Why two messages can't both be of an honest member: they share a slot, or a later list forgot what an earlier one named.
 */
export type Contradiction = 'same-slot' | 'dropped-entry'

/** Null for messages that one honest member may well have signed. */
export function contradictionOf(first: Signed<RoundMessage>, second: Signed<RoundMessage>): Contradiction | null {
  const [a, b] = [first.message, second.message]
  if (equalCids(first.id, second.id) || !equalBytes(a.author, b.author) || a.round !== b.round) return null
  if (a.kind === 'list/1') return b.kind === 'list/1' ? contradictionOfLists(a, b) : null
  if (b.kind === 'list/1' || a.kind !== b.kind) return null
  return a.view === b.view ? 'same-slot' : null
}

function contradictionOfLists(a: InclusionList, b: InclusionList): Contradiction | null {
  if (a.seq === b.seq) return 'same-slot'
  const [earlier, later] = a.seq < b.seq ? [a, b] : [b, a]
  const named = new Set(later.contributions.map(String))
  return earlier.contributions.every((id) => named.has(String(id))) ? null : 'dropped-entry'
}
