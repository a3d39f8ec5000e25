import type { CID } from 'multiformats/cid'
import { judgeContributor } from '../../protocols/contribution/rules.ts'
import type { Voucher } from '../../protocols/membership/messages.ts'
import { openVoucher } from '../../protocols/membership/vouchers.ts'
import { equalBytes, toHex } from '../../protocols/wire/bytes.ts'
import { isSigned } from '../../protocols/wire/envelope.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { termsView } from '../rounds/contributors.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { PermissionStatus } from './types.ts'

/** A round, and a key with what it holds. */
export interface Asking {
  /** What is in force in the round. */
  readonly network: NetworkFacts
  readonly round: number
  readonly key: Uint8Array
  readonly voucher: Uint8Array | null
}

/** Who may contribute to a round, and whether this key may. */
export function permissionOf(asking: Asking): PermissionStatus {
  const { network, voucher } = asking
  const verdict = judgeOwn(asking)
  const said = usedVoucher(asking) === null || voucher === null ? null : readVoucher(voucher, network.id)
  return {
    contributors: contributorsOf(network),
    granted: verdict.verdict === 'accept',
    reason: verdict.verdict === 'accept' ? null : verdict.reason,
    until: said?.until ?? null,
    by: said === null ? null : network.nameOf(said.author),
  }
}

export function contributorsOf(network: NetworkFacts): PermissionStatus['contributors'] {
  const { contributors } = network.terms
  return typeof contributors === 'string' ? contributors : 'listed'
}

/** The voucher that belongs into a contribution of this key; null where none is asked for. */
function usedVoucher({ network, key, voucher }: Asking): Uint8Array | null {
  return contributorsOf(network) === 'vouched' && !network.isMember(key) ? voucher : null
}

function judgeOwn(asking: Asking) {
  const voucher = usedVoucher(asking)
  const terms = termsView(asking.network, asking.round)
  return judgeContributor({ author: asking.key, ...(voucher === null ? {} : { voucher }) }, terms)
}

/**
 * What lets this key contribute, before hours of training go into it.
 * @returns the voucher to say so with, if the network asks for one
 * @throws ColdmeshError `bad-input` with the reason, and whom to ask
 */
export function requirePermission(asking: Asking): Uint8Array | null {
  const verdict = judgeOwn(asking)
  if (verdict.verdict === 'accept') return usedVoucher(asking)
  const key = toHex(asking.key)
  const { reason } = verdict
  const hint =
    reason === 'not-a-contributor'
      ? `An amendment can add the key ${key}: ask a member (${namesOf(asking.network)}) for coldmesh amend.`
      : `Ask a member (${namesOf(asking.network)}) for an invite with a voucher: coldmesh invite --for ${key}`
  const message = `This peer may not contribute to round ${asking.round}: ${explain(reason, asking)} (${reason}).`
  throw new ColdmeshError('bad-input', message, { facts: { reason, key, round: asking.round }, hint })
}

function explain(reason: string, { network, voucher }: Asking): string {
  const said = voucher === null ? null : readVoucher(voucher, network.id)
  switch (reason) {
    case 'not-a-contributor':
      return 'the network lists its contributors, and this key is not among them'
    case 'no-voucher':
      return 'contributors need the voucher of a member, and it has none'
    case 'voucher-expired':
      return `its voucher held until round ${said?.until ?? '?'}`
    case 'voucher-not-yet':
      return `its voucher holds from round ${said?.from ?? '?'}`
    case 'voucher-not-by-a-member':
      return `${said === null ? 'who' : network.nameOf(said.author)} vouched for it, and is no member`
    default:
      return 'its voucher does not hold'
  }
}

function namesOf({ members, nameOf }: NetworkFacts): string {
  return members.map(nameOf).join(', ')
}

/**
 * The voucher of an invite, as far as anybody can judge it who has only the invite.
 * @throws ColdmeshError `bad-input` when it is damaged, or for another key than ours
 */
export function readInvitedVoucher(envelope: Uint8Array, network: CID, key: Uint8Array): Voucher {
  const opened = openVoucher(envelope, network)
  if (!isSigned(opened)) {
    const reason = opened.verdict === 'accept' ? '' : opened.reason
    throw new ColdmeshError('bad-input', `The invite's voucher does not hold: ${reason}.`, {
      facts: { reason },
      hint: 'Ask a member for a fresh invite.',
    })
  }
  const { contributor } = opened.message
  if (equalBytes(contributor, key)) return opened.message
  const [theirs, ours] = [toHex(contributor), toHex(key)]
  throw new ColdmeshError('bad-input', `The invite is for the key ${theirs}; this peer's is ${ours}.`, {
    facts: { contributor: theirs, key: ours },
    hint: `Join from the data directory that has that key, or ask a member: coldmesh invite --for ${ours}`,
  })
}

/** What a voucher says; null when it is none of this network. */
export function readVoucher(envelope: Uint8Array, network: CID): Voucher | null {
  const opened = openVoucher(envelope, network)
  return isSigned(opened) ? opened.message : null
}
