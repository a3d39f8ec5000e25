import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundState } from './state.ts'

/** Every message that is held for the round: what a peer that asks is told, and what we need not be told. */
export function heldMessages(state: RoundState): readonly Signed<Contribution | RoundMessage>[] {
  const votes = [...state.prevotes.values(), ...state.precommits.values()].flatMap((byAuthor) => [...byAuthor.values()])
  const newest = new Map([...state.lists.values()].map((list) => [String(list.id), list]))
  return [
    ...[...state.contributions.values()].map((entry) => entry.contribution.signed),
    // Before the newest lists: beside those, older ones that contradict each other are no news.
    ...[...state.doubleLists.values()].flat().filter((list) => !newest.has(String(list.id))),
    ...newest.values(),
    ...state.proposals.values(),
    ...votes,
    ...[...state.doubles.values()].flat(),
  ]
}
