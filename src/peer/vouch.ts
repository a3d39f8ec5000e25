import type { CID } from 'multiformats/cid'
import { formatInvite } from '../../protocols/membership/invite.ts'
import { MAX_VOUCHER_ROUNDS, voucher } from '../../protocols/membership/messages.ts'
import { equalBytes, fromHex, toHex } from '../../protocols/wire/bytes.ts'
import { isAcceptableKey } from '../../protocols/wire/crypto.ts'
import { encodeEnvelope, preAuthentication } from '../../protocols/wire/envelope.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Signer } from '../ports/system.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { VouchedInvite, VouchOptions } from './types.ts'

/** With a day's collection a season, and never for ever. */
export const DEFAULT_VOUCHER_ROUNDS = 100
const MAX_ADDRESSES = 8

/** Who invites, and where the network stands. */
export interface Inviter {
  /** What is in force in the round being run. */
  readonly network: NetworkFacts
  readonly round: number
  readonly signer: Signer
  readonly addresses: readonly string[]
}

export function plainInvite(network: CID, addresses: readonly string[]): string {
  return formatInvite({ network, addresses: addresses.slice(0, MAX_ADDRESSES) })
}

/**
 * An invite with this member's voucher for a key, from the round being run on. It is no vote, so nothing is journaled.
 * @throws ColdmeshError `bad-input` for a key that is none, a peer that is no member, a network that asks for no voucher
 */
export function vouchFor(
  { for: text, rounds = DEFAULT_VOUCHER_ROUNDS }: VouchOptions,
  inviter: Inviter,
): VouchedInvite {
  const { network, round, signer, addresses } = inviter
  const contributor = fromHex(text.trim())
  if (contributor?.length !== 32 || !isAcceptableKey(contributor)) {
    throw refused('A key has 64 hexadecimal digits.', '`coldmesh init` on the other machine prints it.')
  }
  if (!Number.isSafeInteger(rounds) || rounds < 1 || rounds > MAX_VOUCHER_ROUNDS) {
    throw refused(`A voucher holds for 1 to ${MAX_VOUCHER_ROUNDS} rounds.`, 'Change --rounds.')
  }
  requireVouching(network, contributor)
  if (!network.isMember(signer.key)) {
    const names = network.members.map(network.nameOf).join(', ')
    throw refused(
      'Only members of the committee vouch for others, and this peer is none.',
      `Ask one of them: ${names}.`,
    )
  }
  const until = round + rounds - 1
  const payload = voucher.encode({ network: network.id, author: signer.key, contributor, from: round, until })
  const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
  const invite = formatInvite({ network: network.id, addresses: addresses.slice(0, MAX_ADDRESSES), voucher: envelope })
  return { invite, network: String(network.id), contributor: toHex(contributor), from: round, until }
}

/** A voucher that the network doesn't ask for would have its contributions refused. */
function requireVouching(network: NetworkFacts, key: Uint8Array): void {
  const { contributors } = network.terms
  if (contributors === 'open') {
    throw refused(
      'This network is open: anyone may contribute, and no voucher is needed.',
      'coldmesh invite is enough.',
    )
  }
  if (contributors !== 'vouched') {
    const isListed = contributors.some((other) => equalBytes(other, key))
    if (isListed)
      throw refused('This key is listed: it may contribute without a voucher.', 'coldmesh invite is enough.')
    throw refused(
      'This network lists its contributors, and this key is not among them.',
      'An amendment can add it: coldmesh amend --set contributors=KEY,KEY',
    )
  }
  if (network.isMember(key)) {
    throw refused('This key is a member: it may contribute without a voucher.', 'coldmesh invite is enough.')
  }
}

function refused(message: string, hint: string): ColdmeshError {
  return new ColdmeshError('bad-input', message, { hint })
}
