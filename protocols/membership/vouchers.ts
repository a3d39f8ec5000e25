import type { CID } from 'multiformats/cid'
import { equalBytes } from '../wire/bytes.ts'
import { isSigned, openEnvelope, type Signed } from '../wire/envelope.ts'
import { ACCEPT, reject, type Verdict } from '../wire/verdict.ts'
import { MAX_VOUCHER_ROUNDS, type Voucher, voucher } from './messages.ts'

/** What a judge of vouchers asks: the contribution that carries it, and the round that it is looked at in. */
export interface VoucherView {
  readonly network: CID
  readonly round: number
  /** Author of the contribution. */
  readonly contributor: Uint8Array
  /** True for members of the committee of that round. */
  isMember(key: Uint8Array): boolean
}

/** SPEC 8.21-8.25: whether a voucher lets this author contribute in this round. */
export function judgeVoucher(envelope: Uint8Array, view: VoucherView): Verdict {
  // [REJECT] SPEC 8.21: a signed voucher of this network.
  const signed = openVoucher(envelope, view.network)
  if (!isSigned(signed)) return signed
  const { author, contributor, from, until } = signed.message
  // [REJECT] SPEC 8.22: it holds for at least one round, and not for ever.
  if (until < from || until - from >= MAX_VOUCHER_ROUNDS) return reject('voucher-bad-range')
  // [REJECT] SPEC 8.23: it is for whoever uses it.
  if (!equalBytes(contributor, view.contributor)) return reject('voucher-for-another')
  // [REJECT] SPEC 8.24: it holds in this round.
  if (view.round < from) return reject('voucher-not-yet')
  if (view.round > until) return reject('voucher-expired')
  // [REJECT] SPEC 8.25: by a member of this round's committee.
  return view.isMember(author) ? ACCEPT : reject('voucher-not-by-a-member')
}

/** Opens a voucher of this network, whoever signed it; the reasons of a refusal begin with `voucher-`. */
export function openVoucher(envelope: Uint8Array, network: CID): Signed<Voucher> | Verdict {
  const opened = openEnvelope(envelope, [voucher], network)
  return isSigned(opened) ? opened : reject(`voucher-${opened.reason}`)
}
