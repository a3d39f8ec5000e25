import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundState } from './state.ts'

/** Every message that is held for the round: what a peer that asks is told, and what we need not be told. */
export function heldMessages(state: RoundState): readonly Signed<Contribution | RoundMessage>[] {
  const votes = [...state.prevotes.values(), ...state.precommits.values()].flatMap((byAuthor) => [...byAuthor.values()])
  return [
    ...[...state.contributions.values()].map((entry) => entry.contribution.signed),
    ...state.lists.values(),
    ...state.proposals.values(),
    ...votes,
    ...[...state.doubles.values()].flat(),
  ]
}
