import type { CID } from 'multiformats/cid'
import { equalCids, toHex } from '../wire/bytes.ts'
import { isAcceptableKey } from '../wire/crypto.ts'
import { faultsOf, quorumOf } from '../wire/election.ts'
import {
  ENVELOPE_OVERHEAD_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_CONTRIBUTION_BYTES,
  MAX_LINEAGE_BYTES,
  MAX_RATIFICATION_BYTES,
} from '../wire/limits.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../wire/verdict.ts'
import { judgeFusion, leavesInputs } from './fusion.ts'
import type { Genesis } from './messages.ts'

const CID_BYTES = 41
const LIST_FIELDS_BYTES = 256

/** SPEC 2: what a genesis must satisfy beyond its fields. */
export function judgeGenesis(genesis: Omit<Genesis, 'kind'>): Verdict {
  const { committee, round, contributors, fusion } = genesis
  const keys = committee.map((member) => toHex(member.key))
  // [REJECT] SPEC 2.1: members are distinct, by key and by name.
  if (new Set(keys).size !== keys.length) return reject('duplicate-member-key')
  if (new Set(committee.map((member) => member.name)).size !== committee.length) return reject('duplicate-member-name')
  // [REJECT] SPEC 2.2: keys are canonical points and not of small order.
  if (!committee.every((member) => isAcceptableKey(member.key))) return reject('bad-member-key')
  if (typeof contributors !== 'string' && !contributors.every(isAcceptableKey)) return reject('bad-contributor-key')
  // [REJECT] SPEC 2.3: a round can take as many contributions as it needs.
  if (round.minContributions > round.maxContributions) return reject('min-above-max')
  // [REJECT] SPEC 2.4: the largest lineage that this policy allows fits its limit.
  if (largestLineage(genesis) > MAX_LINEAGE_BYTES) return reject('lineage-too-large')
  // [REJECT] SPEC 2.5, 2.12: a fusion that this version knows.
  const known = judgeFusion(fusion)
  if (known.verdict !== 'accept') return known
  // [REJECT] SPEC 2.13: something is left of the fewest inputs.
  if (!leavesInputs(fusion, round.minContributions)) return reject('trim-above-min')
  // [REJECT] SPEC 2.6: a fork begins without the history of what it is a fork of.
  if (genesis.forkOf !== null && equalCids(genesis.forkOf, genesis.base)) return reject('fork-of-itself')
  // [REJECT] SPEC 2.10: a late contribution's parent is among the bases that replays are looked for in.
  if (round.maxStaleness >= round.historyRounds) return reject('staleness-above-history')
  // [REJECT] SPEC 2.11: the weights of those bases are kept.
  if (round.maxStaleness > 0 && round.keepRounds < round.historyRounds) return reject('keep-below-history')
  return ACCEPT
}

/** What is known of the base that a network says it began as. */
export interface ForkView {
  /** CID that its directory has without card and lineage; null when the directory is not here. */
  readonly start: CID | null
  /** Whether a quorum of its own network certified it, false when its history shows that none may have; null when that can't be judged here. */
  readonly isCertified: boolean | null
}

/** SPEC 2.7-2.9: whether a genesis is the fork that it says. */
export function judgeFork({ base }: Pick<Genesis, 'base'>, { start, isCertified }: ForkView): Verdict {
  // [REJECT] SPEC 2.7: the same weights, config and tokenizer files.
  if (start !== null && !equalCids(start, base)) return reject('fork-other-files')
  // [REJECT] SPEC 2.8: its history holds.
  if (isCertified === false) return reject('fork-bad-history')
  // [IGNORE] SPEC 2.9: what says so is not here.
  return start === null || isCertified === null ? ignore('fork-unchecked') : ACCEPT
}

/** Upper bound of the bytes of one lineage under this genesis. */
export function largestLineage({ committee, quorum, round }: Omit<Genesis, 'kind'>): number {
  const lists = quorumOf(committee.length, quorum)
  const listed = 2 * round.maxContributions
  // Each contribution in the lineage is in at least f + 1 of the quoted lists.
  const embedded = Math.floor((lists * listed) / (faultsOf(committee.length, quorum) + 1))
  const perContribution = MAX_CONTRIBUTION_BYTES + ENVELOPE_OVERHEAD_BYTES + 64
  const perList = listed * CID_BYTES + LIST_FIELDS_BYTES + ENVELOPE_OVERHEAD_BYTES
  return embedded * perContribution + lists * perList + MAX_CERTIFICATE_BYTES + MAX_RATIFICATION_BYTES + 4096
}
