import { toHex } from '../wire/bytes.ts'
import { isAcceptableKey } from '../wire/crypto.ts'
import { faultsOf, quorumOf } from '../wire/election.ts'
import {
  ENVELOPE_OVERHEAD_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_CONTRIBUTION_BYTES,
  MAX_LINEAGE_BYTES,
  MAX_RATIFICATION_BYTES,
} from '../wire/limits.ts'
import { ACCEPT, reject, type Verdict } from '../wire/verdict.ts'
import type { Genesis } from './messages.ts'

/** Fusion rules of this version, by their names on the wire. */
export const SUPPORTED_RULES = ['mean/1'] as const

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
  // [REJECT] SPEC 2.5: features that this version does not know are refused, never ignored.
  if (!SUPPORTED_RULES.some((rule) => rule === fusion.rule)) return reject('unsupported-rule')
  if (Object.keys(fusion.params).length > 0) return reject('unsupported-fusion-params')
  if (contributors === 'vouched') return reject('unsupported-vouchers')
  if (genesis.gate !== null) return reject('unsupported-gate')
  if (round.maxStaleness !== 0) return reject('unsupported-staleness')
  return ACCEPT
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
