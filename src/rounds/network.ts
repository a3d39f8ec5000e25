import type { CID } from 'multiformats/cid'
import type { Genesis } from '../../protocols/genesis/messages.ts'
import { openCertificate } from '../../protocols/round/certificate.ts'
import type { Certificate } from '../../protocols/round/messages.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import { faultsOf, quorumOf } from '../../protocols/wire/election.ts'
import type { Verdict } from '../../protocols/wire/verdict.ts'

/** What a genesis fixes, in the form that everybody asks for. */
export interface NetworkFacts {
  /** Genesis CID. */
  readonly id: CID
  readonly genesis: Genesis
  readonly members: readonly Uint8Array[]
  /** Votes that decide. */
  readonly quorum: number
  /** f + 1: among so many members one is honest and up. */
  readonly threshold: number
  isMember(key: Uint8Array): boolean
  /** Name in the committee, else the first 8 hex digits of the key. */
  nameOf(key: Uint8Array): string
}

export function networkFacts(id: CID, genesis: Genesis): NetworkFacts {
  const names = new Map(genesis.committee.map((member) => [toHex(member.key), member.name]))
  return {
    id,
    genesis,
    members: genesis.committee.map((member) => member.key),
    quorum: quorumOf(names.size, genesis.quorum),
    threshold: faultsOf(names.size, genesis.quorum) + 1,
    isMember: (key) => names.has(toHex(key)),
    nameOf: (key) => names.get(toHex(key)) ?? toHex(key).slice(0, 8),
  }
}

/** A certificate that a quorum of this network signed, whatever it is for; else why not. */
export function openNetworkCertificate(network: NetworkFacts, bytes: Uint8Array): Certificate | Verdict {
  return openCertificate(bytes, { network: network.id, quorum: network.quorum, isMember: network.isMember })
}
