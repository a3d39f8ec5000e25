import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { takeContribution } from './collect.ts'
import type { Draft } from './draft.ts'
import { takeList } from './lists.ts'
import { keep } from './tally.ts'
import { asRoundMessage, isContribution } from './views.ts'

/** Takes in a message that was judged. The first contradiction of an author is evidence. */
export function receive(draft: Draft, signed: Signed<Contribution | RoundMessage>): void {
  const { state, effects } = draft
  if (isContribution(signed)) {
    takeContribution(draft, signed)
    return
  }
  const { message, ...rest } = asRoundMessage(signed)
  // What we said is handed back once it is durable: the round may be over by then.
  if (message.round !== state.round) return
  const first = message.kind === 'list/1' ? takeList(draft, { ...rest, message }) : keep(state, { ...rest, message })
  const second = { ...rest, message }
  const author = toHex(message.author)
  if (!first || state.accused.has(author)) return
  state.accused.add(author)
  effects.push({ type: 'evidence', first, second })
}
