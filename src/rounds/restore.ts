import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { Precommit } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { meetsTerms } from './contributors.ts'
import { type Draft, enterPhase, isSelf, setTimer, slotOf } from './draft.ts'
import { receive } from './receive.ts'
import type { RoundState } from './state.ts'
import { parentOf } from './views.ts'

/** After a restart: what this key said before is said, the lock and what it rests on hold, and the view goes on. */
export function restore(draft: Draft, signed: readonly Signed<Contribution | RoundMessage>[]): void {
  const { state } = draft
  for (const one of signed) {
    const { message } = one
    if (message.kind === 'contribution/1') {
      // It may be of an earlier round, when those since were empty or it may come late.
      const isAdmissible = parentOf(state.head, message.parent, message.round) !== null
      if (isAdmissible && meetsTerms(state.network, state.round, message)) receive(draft, one)
      continue
    }
    if (message.round !== state.round) continue
    receive(draft, one)
    if (!isSelf(state, message.author)) continue
    state.said.add(slotOf(message))
    if (message.kind !== 'list/1') state.view = Math.max(state.view, message.view)
    if (message.kind === 'precommit/1') restoreLock(state, message)
  }
  if (state.view < 0) return
  const hasSaid = (kind: 'prevote/1' | 'precommit/1') => state.said.has(slotOf({ kind, view: state.view }))
  const phase = hasSaid('precommit/1') ? 'precommit' : hasSaid('prevote/1') ? 'prevote' : 'propose'
  enterPhase(draft, phase)
  // The timer of the step that we were in: what is missing by then is given up, not waited for.
  setTimer(draft, phase)
}

function restoreLock(state: RoundState, { view, base }: Precommit): void {
  if (!base || (state.locked && state.locked.view >= view)) return
  state.locked = { view, base }
  const proposal = state.proposals.get(view)
  // Its validity was checked before the lock; the lineage is in our store.
  if (proposal) state.valid = { view, base, lineage: proposal.message.lineage }
}
