import type { CID } from 'multiformats/cid'
import type { Genesis } from '../../protocols/genesis/messages.ts'
import { openCertificate } from '../../protocols/round/certificate.ts'
import type { Certificate } from '../../protocols/round/messages.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import { faultsOf, quorumOf } from '../../protocols/wire/election.ts'
import type { Verdict } from '../../protocols/wire/verdict.ts'

/** What amendments may change; the genesis has the first. */
export type Terms = Pick<Genesis, 'committee' | 'quorum' | 'contributors' | 'round' | 'gate' | 'fusion'>

/** What never changes of a network. */
export interface Network {
  /** Genesis CID. */
  readonly id: CID
  readonly genesis: Omit<Genesis, keyof Terms>
}

/** A network in one round: what is in force there, in the form that everybody asks for. */
export interface NetworkFacts extends Network {
  readonly terms: Terms
  readonly members: readonly Uint8Array[]
  /** Votes that decide. */
  readonly quorum: number
  /** f + 1: among so many members one is honest and up. */
  readonly threshold: number
  isMember(key: Uint8Array): boolean
  /** Name in the committee, else the first 8 hex digits of the key. */
  nameOf(key: Uint8Array): string
}

/** The facts of the first round. */
export function networkFacts(id: CID, genesis: Genesis): NetworkFacts {
  return factsUnder({ id, genesis }, genesis)
}

/** The facts of a network under these terms. */
export function factsUnder({ id, genesis }: Network, terms: Terms): NetworkFacts {
  const names = new Map(terms.committee.map((member) => [toHex(member.key), member.name]))
  return {
    id,
    genesis,
    terms,
    members: terms.committee.map((member) => member.key),
    quorum: quorumOf(names.size, terms.quorum),
    threshold: faultsOf(names.size, terms.quorum) + 1,
    isMember: (key) => names.has(toHex(key)),
    nameOf: (key) => names.get(toHex(key)) ?? toHex(key).slice(0, 8),
  }
}

/** A certificate that a quorum of this network's committee signed, whatever it is for; else why not. */
export function openNetworkCertificate(network: NetworkFacts, bytes: Uint8Array): Certificate | Verdict {
  return openCertificate(bytes, { network: network.id, quorum: network.quorum, isMember: network.isMember })
}
