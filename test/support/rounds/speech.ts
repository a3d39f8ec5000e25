import type { CID } from 'multiformats/cid'
import { type InclusionList, inclusionList, precommit, prevote, proposal } from '../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { Saying } from '../../../src/rounds/events.ts'
import { sign, type TestKey } from '../protocols/network.ts'

export function signList(
  saying: Extract<Saying, { kind: 'list/1' }>,
  key: TestKey,
  network: CID,
): Signed<InclusionList> {
  return sign(inclusionList, { ...saying, network }, key)
}

/** Signs what a round wants said. */
export function signSaying(saying: Saying, key: TestKey, network: CID): Signed<RoundMessage> {
  switch (saying.kind) {
    case 'list/1':
      return signList(saying, key, network)
    case 'proposal/1':
      return sign(proposal, { ...saying, network }, key)
    case 'prevote/1':
      return sign(prevote, { ...saying, network }, key)
    case 'precommit/1':
      return sign(precommit, { ...saying, network }, key)
  }
}
