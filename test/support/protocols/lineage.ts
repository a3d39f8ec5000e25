import type { CID } from 'multiformats/cid'
import { type Contribution, contribution } from '../../../protocols/contribution/messages.ts'
import { judgeTerms } from '../../../protocols/contribution/rules.ts'
import { type Lineage, lineage } from '../../../protocols/lineage/messages.ts'
import { type Candidate, eligibleIds, selectInputs } from '../../../protocols/lineage/pipeline.ts'
import type { LineageView } from '../../../protocols/lineage/rules.ts'
import { openCertificate } from '../../../protocols/round/certificate.ts'
import { type InclusionList, inclusionList } from '../../../protocols/round/messages.ts'
import { compareBytes, equalBytes, equalCids } from '../../../protocols/wire/bytes.ts'
import { faultsOf, quorumOf, roundSeed } from '../../../protocols/wire/election.ts'
import { isSigned, openEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import { ACCEPT, reject } from '../../../protocols/wire/verdict.ts'
import type { TestNetwork } from './network.ts'

/** Where a round stands: what is known before its lineage arrives. */
export interface TestRound {
  readonly net: Pick<TestNetwork, 'genesis' | 'network'>
  readonly round: number
  /** The round's base, and its weights. */
  readonly base: CID
  readonly baseWeights: CID
  /** Checkpoints of the last rounds. */
  readonly recent?: readonly CID[]
}

export interface TestCandidate extends Candidate {
  readonly envelope: Uint8Array
}

export const candidateOf = ({ id, message, envelope }: Signed<Contribution>): TestCandidate => {
  const { author, round, parent, checkpoint } = message
  return { id, author, round, parent, checkpoint, envelope }
}

/** What a verifier of this round asks, answered from a genesis and a few CIDs. */
export function lineageView({ net, round, base, baseWeights, recent = [] }: TestRound): LineageView<TestCandidate> {
  const { genesis, network } = net
  const members = genesis.committee.map(({ key }) => key)
  const quorum = quorumOf(members.length, genesis.quorum)
  const isMember = (key: Uint8Array) => members.some((member) => equalBytes(member, key))
  const { contributors } = genesis
  const terms = {
    bytes: genesis.bytes,
    mayContribute: (author: Uint8Array) =>
      typeof contributors === 'string' || contributors.some((key) => equalBytes(key, author)),
  }
  return {
    network,
    round,
    base,
    baseWeights,
    quorum,
    threshold: faultsOf(members.length, genesis.quorum) + 1,
    seed: roundSeed(network, round),
    minContributions: genesis.round.minContributions,
    maxContributions: genesis.round.maxContributions,
    fusion: genesis.fusion,
    isAdmissibleParent: (parent, ofRound) => equalCids(parent, base) && ofRound <= round,
    isRecent: (checkpoint) => recent.some((other) => equalCids(other, checkpoint)),
    openContribution(envelope) {
      const opened = openEnvelope(envelope, [contribution], network)
      if (!isSigned(opened)) return opened
      const verdict = judgeTerms(opened.message, terms)
      return verdict.verdict === 'accept' ? candidateOf(opened) : verdict
    },
    openList(envelope) {
      const opened = openEnvelope(envelope, [inclusionList], network)
      if (!isSigned(opened)) return opened
      return isMember(opened.message.author) ? opened.message : reject('not-a-member')
    },
    judgeParentCertificate(bytes) {
      const opened = openCertificate(bytes, { network, quorum, isMember })
      if ('verdict' in opened) return opened
      const isParents = opened.round === round - 1 && equalCids(opened.base, base)
      return isParents ? ACCEPT : reject('certificate-of-another-base')
    },
  }
}

/** The lineage that an honest aggregator writes for these lists and contributions, with fields overridden. */
export function lineageFields(
  round: TestRound,
  quoted: readonly Signed<InclusionList>[],
  contributions: readonly Signed<Contribution>[],
  overrides: Partial<Omit<Lineage, 'kind'>> = {},
): Omit<Lineage, 'kind'> {
  const view = lineageView(round)
  const lists = [...quoted].sort((a, b) => compareBytes(a.message.author, b.message.author))
  const listed = lists.map(({ message }) => message.contributions)
  const eligible = eligibleIds(listed, view.threshold)
  const candidates = contributions.map(candidateOf).filter(({ id }) => eligible.some((other) => equalCids(id, other)))
  const { inputs, excluded } = selectInputs(candidates, { ...view, lists: listed })
  const envelopeOf = new Map(contributions.map(({ id, envelope }) => [String(id), envelope]))
  const envelope = ({ id }: Candidate) => envelopeOf.get(String(id)) ?? new Uint8Array()
  return {
    network: round.net.network,
    round: round.round,
    parent: round.base,
    parentCertificate: null,
    lists: lists.map((list) => list.envelope),
    inputs: inputs.map(envelope),
    excluded: excluded.map(({ candidate, reason }) => ({ envelope: envelope(candidate), reason })),
    fusion: round.net.genesis.fusion,
    weights: round.baseWeights,
    ...overrides,
  }
}

export const encodeLineage = (fields: Omit<Lineage, 'kind'>): Uint8Array => lineage.encode(fields)
