import type { CID } from 'multiformats/cid'
import { inclusionList, precommit, prevote, proposal } from '../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { createMemo } from '../../../protocols/wire/memo.ts'
import type { Saying } from '../../../src/rounds/events.ts'
import { signPayload, type TestKey } from '../protocols/network.ts'

const MAX_REMEMBERED = 20_000
/** Schedules of the same network say the same things: signing costs more than all that is simulated. */
const remembered = createMemo<Signed<RoundMessage>>(MAX_REMEMBERED)

/** Signs what a round wants said. */
export function signSaying(saying: Saying, key: TestKey, network: CID): Signed<RoundMessage> {
  const name = `${key.name} ${network} ${nameOf(saying)}`
  const known = remembered.get(name)
  if (known) return known
  const message = { ...saying, network, author: key.publicKey }
  const signed = signPayload(message, encodeSaying(message), key)
  remembered.set(name, signed)
  return signed
}

function nameOf(saying: Saying): string {
  const { kind, round } = saying
  if (saying.kind === 'list/1') return [kind, round, saying.parent, saying.seq, ...saying.contributions].join(' ')
  if (saying.kind === 'proposal/1')
    return [kind, round, saying.view, saying.validView, saying.lineage, saying.base].join(' ')
  return [kind, round, saying.view, saying.base].join(' ')
}

function encodeSaying(message: RoundMessage): Uint8Array {
  switch (message.kind) {
    case 'list/1':
      return inclusionList.encode(message)
    case 'proposal/1':
      return proposal.encode(message)
    case 'prevote/1':
      return prevote.encode(message)
    case 'precommit/1':
      return precommit.encode(message)
  }
}
