import type { CID } from 'multiformats/cid'
import { certificate as certificateDeclaration } from '../../../protocols/round/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { type Network, type NetworkFacts, openNetworkCertificate } from '../../rounds/network.ts'
import { reasonOf } from './bad-link.ts'

/** Who certified a base, and in which view. */
export interface Signatures {
  readonly view: number
  /** A quorum of distinct members, by key. */
  readonly signers: readonly Uint8Array[]
}

/** What a certificate says of a base. `names` is the base that a quorum signed, when it is not this one. */
export type Certified =
  | ({ readonly isCertified: true } & Signatures)
  | { readonly isCertified: false; readonly reason: string; readonly names: CID | null }

/**
 * Checks that `certificate` makes `base` the base of `round`.
 * @param network as it is in that round
 */
export function judgeCertificate(
  network: NetworkFacts,
  certificate: Uint8Array | null,
  { round, base }: { readonly round: number; readonly base: CID },
): Certified {
  if (certificate === null) {
    return { isCertified: false, reason: 'missing: without a certificate this base is a mere proposal.', names: null }
  }
  const opened = readCertificate(network, certificate)
  if (typeof opened === 'string') return { isCertified: false, reason: opened, names: null }
  if (opened.round !== round) {
    const reason = `certificate-wrong-round: it is of round ${opened.round}, the base of round ${round}.`
    return { isCertified: false, reason, names: null }
  }
  if (!equalCids(opened.base, base)) {
    const reason = `certificate-wrong-base: it certifies ${opened.base}, this is ${base}.`
    return { isCertified: false, reason, names: opened.base }
  }
  return { isCertified: true, view: opened.view, signers: opened.signers }
}

/** The round that a certificate of this network says it is of, whoever signed it; 0 when it says none. */
export function statedRound({ id }: Network, bytes: Uint8Array): number {
  try {
    const { network, round } = certificateDeclaration.decode(bytes)
    return equalCids(network, id) ? round : 0
  } catch (error) {
    if (error instanceof MalformedError) return 0
    throw error
  }
}

/** A certificate that a quorum of this network signed, whatever it is for; else the reason. */
export function readCertificate(
  network: NetworkFacts,
  bytes: Uint8Array,
): (Signatures & { readonly round: number; readonly base: CID }) | string {
  const opened = openNetworkCertificate(network, bytes)
  if ('verdict' in opened) return reasonOf(opened)
  const { round, view, base, signatures } = opened
  return { round, view, base, signers: signatures.map(({ author }) => author) }
}
