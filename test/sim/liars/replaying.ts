import { precommit } from '../../../protocols/round/messages.ts'
import { encodeEnvelope } from '../../../protocols/wire/envelope.ts'
import { heldMessages } from '../../../src/rounds/held.ts'
import { testCid } from '../../support/protocols/network.ts'
import type { Liar, LiarTools, Utterance } from './liar.ts'
import { forged } from './proposing.ts'

/** Says again what it and others said before: of other rounds, views and networks, and under other kinds. */
export const replayingLiar: Liar = {
  name: 'replaying',
  speak: (saying, tools) => {
    const { random, spoken } = tools
    const old = spoken.length > 0 ? [{ bytes: random.pick(spoken).envelope }] : []
    const elsewhere = { bytes: tools.sign(saying, testCid('another network', 'message')).envelope }
    return [{ saying }, ...old, elsewhere, ...borrowed(tools)]
  },
}

/** A prevote of somebody, with its signature, passed off as a precommit, and as one of the next view and round. */
function borrowed(tools: LiarTools): readonly Utterance[] {
  const { state, random } = tools
  const votes = heldMessages(state).flatMap((signed) => (signed.message.kind === 'prevote/1' ? [signed] : []))
  const prevote = votes.length > 0 ? random.pick(votes) : null
  if (prevote?.message.kind !== 'prevote/1') return []
  const { network, author, round, view, base } = prevote.message
  const change = random.pick([{}, { view: view + 1 }, { round: round + 1 }])
  const payload = precommit.encode({ network, author, round, view, base, ...change })
  return [{ bytes: encodeEnvelope(payload, prevote.signature) }]
}

/** Signs in the names of others. */
export const forgingLiar: Liar = {
  name: 'forging',
  speak: (saying, tools) => {
    const { state } = tools
    if (saying.kind !== 'precommit/1' && saying.kind !== 'prevote/1') return [{ saying }]
    const proposed = state.proposals.get(saying.view)?.message.base ?? testCid(`forged ${saying.view}`)
    const votes = state.network.members.map((author) => {
      const { round, view } = saying
      const payload = precommit.encode({ network: state.network.id, author, round, view, base: proposed })
      return { bytes: forged(payload, tools) }
    })
    return [{ saying }, ...votes]
  },
}
