import { contradictionOf } from '../../protocols/round/contradiction.ts'
import type { InclusionList } from '../../protocols/round/messages.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundState } from './state.ts'

/** The list of the same author that is held and can't be honest beside this one; null when there is none. */
export function contradictedList(state: RoundState, signed: Signed<InclusionList>): Signed<InclusionList> | null {
  const before = state.listed.get(toHex(signed.message.author)) ?? []
  return before.find((held) => contradictionOf(held, signed) !== null) ?? null
}
