import { lineage } from '../../../protocols/lineage/messages.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { precommit, prevote, proposal } from '../../../protocols/round/messages.ts'
import { quorumOf } from '../../../protocols/wire/election.ts'
import { contributionBy, listBy } from '../../support/protocols/messages.ts'
import { sign, testCid, testKeys, testNetwork } from '../../support/protocols/network.ts'

/** Bytes of what is said in a round, by the encoders that say it. */
export interface MessageSizes {
  readonly contribution: number
  readonly list: number
  readonly proposal: number
  readonly vote: number
  readonly certificate: number
  readonly lineage: number
}

/**
 * @param members of the committee
 * @param listed contributions that each list names, at most 128
 * @param inputs of the round; the other listed ones are excluded by the lottery
 */
export function messageSizes(options: { members: number; listed: number; inputs: number }): MessageSizes {
  const { members, listed, inputs } = options
  const net = testNetwork({ members })
  const { network } = net
  const quorum = quorumOf(members, 'byzantine')
  const contributions = testKeys(listed, 'contributor').map((key, i) =>
    contributionBy(key, net, {
      bytes: 500_000_000,
      providers: [`/ip4/203.0.113.${i % 250}/tcp/4001/p2p/12D3KooWJWEKvSFbben74C7H4YtKjhPMTDxd7gP7JxTwSzmrVMcH`],
    }),
  )
  const lists = net.members.map((key) => listBy(key, net, contributions))
  const base = testCid('base')
  const spoken = { network, round: 1, view: 0 }
  const [key] = net.members
  if (!key) throw new Error('a committee has members')
  const votes = net.members.map((member) => sign(precommit, { ...spoken, base }, member))
  const envelopes = contributions.map(({ envelope }) => envelope)
  const certificate = certify(votes, quorum)
  const lineageBytes = lineage.encode({
    network,
    round: 2,
    parent: base,
    parentCertificate: certificate,
    lists: lists.slice(0, quorum).map(({ envelope }) => envelope),
    inputs: envelopes.slice(0, inputs),
    excluded: envelopes.slice(inputs).map((envelope) => ({ envelope, reason: 'lottery' as const })),
    fusion: { rule: 'mean/1', params: {} },
    weights: testCid('weights', 'file'),
  })
  const largest = (all: readonly { readonly envelope: Uint8Array }[]) =>
    Math.max(0, ...all.map(({ envelope }) => envelope.byteLength))
  return {
    contribution: largest(contributions),
    list: largest(lists),
    proposal: sign(proposal, { ...spoken, validView: null, lineage: testCid('lineage', 'raw'), base }, key).envelope
      .byteLength,
    vote: sign(prevote, { ...spoken, base }, key).envelope.byteLength,
    certificate: certificate.byteLength,
    lineage: lineageBytes.byteLength,
  }
}
