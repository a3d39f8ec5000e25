import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import { type Lineage, lineage } from '../../../protocols/lineage/messages.ts'
import { type Candidate, eligibleIds, selectInputs } from '../../../protocols/lineage/pipeline.ts'
import type { LineageView } from '../../../protocols/lineage/rules.ts'
import type { InclusionList } from '../../../protocols/round/messages.ts'
import { compareBytes, equalCids } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { networkFacts } from '../../../src/rounds/network.ts'
import { regimeOf } from '../../../src/rounds/regime.ts'
import type { Ancestor, SignedContribution } from '../../../src/rounds/state.ts'
import { toCandidate, lineageView as viewOf } from '../../../src/rounds/views.ts'
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
  /** The bases before, newest first. */
  readonly older?: readonly OlderBase[]
  /** Where the round's base went back to. */
  readonly rolledBackTo?: CID
}

export type OlderBase = Omit<Ancestor, 'inputs'> & Partial<Pick<Ancestor, 'inputs'>>

/** What a verifier of this round asks: the answers that peers use, from a genesis and a few CIDs. */
export function lineageView({
  net,
  round,
  base,
  baseWeights,
  recent = [],
  older = [],
  rolledBackTo,
}: TestRound): LineageView<SignedContribution> {
  const ancestor = {
    round: round - 1,
    base,
    weights: baseWeights,
    inputs: recent,
    isEmpty: false,
    ...(rolledBackTo && { rolledBackTo }),
  }
  const head = {
    ...ancestor,
    certificate: null,
    history: [ancestor, ...older.map((one) => ({ inputs: [], ...one }))],
    regime: regimeOf(networkFacts(net.network, net.genesis)),
  }
  return viewOf(head)
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
  const candidates = contributions.map(toCandidate).filter(({ id }) => eligible.some((other) => equalCids(id, other)))
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
