import { equalBytes, equalCids } from '../../protocols/wire/bytes.ts'
import type { RoundState } from '../../src/rounds/state.ts'
import { parentOf } from '../../src/rounds/views.ts'
import type { Recorded } from './disk.ts'

/** True for what a round still needs of a journal. */
export function isNeededIn({ head, round }: RoundState): (record: Recorded) => boolean {
  return ({ message }) =>
    message.round >= round ||
    (message.kind === 'contribution/1' && parentOf(head, message.parent, message.round) !== null)
}

/** How many locks in a host's journal stand there without the prevotes that they rest on: nobody could ever be convinced of them. */
export function countUnproven(restored: readonly Recorded[], { network, round }: RoundState, key: Uint8Array): number {
  return restored.filter(({ message }) => {
    if (message.kind !== 'precommit/1' || message.base === null || message.round !== round) return false
    if (!equalBytes(message.author, key)) return false
    const { base, view } = message
    const shown = restored.filter(
      ({ message: vote }) => vote.kind === 'prevote/1' && vote.view === view && equalCids(vote.base, base),
    )
    return shown.length < network.quorum
  }).length
}
