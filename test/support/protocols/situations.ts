import { CID } from 'multiformats/cid'
import { archive } from '../../../protocols/archive/messages.ts'
import { judgeArchive } from '../../../protocols/archive/rules.ts'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { judgeContribution } from '../../../protocols/contribution/rules.ts'
import { genesis } from '../../../protocols/genesis/messages.ts'
import { judgeFork } from '../../../protocols/genesis/rules.ts'
import { isOpenedLineage, openLineage } from '../../../protocols/lineage/rules.ts'
import {
  type AmendmentView,
  isOpenedAmendment,
  judgeApproval,
  openRatification,
} from '../../../protocols/membership/rules.ts'
import { judgeVoucher } from '../../../protocols/membership/vouchers.ts'
import { AMENDMENT_MESSAGES, REPORT_MESSAGES, VOTE_MESSAGES } from '../../../protocols/registry.ts'
import type { Report } from '../../../protocols/report/messages.ts'
import { judgeReport } from '../../../protocols/report/rules.ts'
import { openCertificate } from '../../../protocols/round/certificate.ts'
import { isProven, judgeEvidence, judgeHeardEvidence } from '../../../protocols/round/evidence.ts'
import type { InclusionList } from '../../../protocols/round/messages.ts'
import { judgeRoundMessage, type RoundMessage } from '../../../protocols/round/rules.ts'
import { equalCids, fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { aggregatorOf, rankCommittee, roundSeed } from '../../../protocols/wire/election.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { ACCEPT, type Verdict } from '../../../protocols/wire/verdict.ts'
import { networkFacts } from '../../../src/rounds/network.ts'
import { amendmentView, regimeOf } from '../../../src/rounds/regime.ts'
import { lineageView, type OlderBase } from './lineage.ts'

/** What a judge of contributions knows, as vectors write it. CIDs are text, keys hex. */
export interface ContributionSituation {
  readonly round: number
  readonly base: string
  readonly bytes: number
  readonly contributors: 'open' | 'vouched' | readonly string[]
  /** Of the round's committee; absent: nobody. */
  readonly members?: readonly string[]
  /** Bases that contributions may be trained from, each with the round that it was the base of; by default of the base's weights. */
  readonly admissible: readonly {
    readonly parent: string
    readonly round: number
    readonly staleness?: number
    readonly weights?: string
  }[]
  /** Checkpoints of the last rounds. */
  readonly spent?: readonly string[]
  readonly baseWeights: string
  readonly known: readonly string[]
  /** Other contributions of the author that are held. */
  readonly byAuthor: number
}

/** The contribution that carries a voucher, and the round that it is looked at in. */
export interface VoucherSituation {
  readonly round: number
  readonly contributor: string
  readonly members: readonly string[]
}

export interface RoundSituation {
  readonly round: number
  /** The view being run; -1 before the first. */
  readonly view: number
  readonly base: string
  readonly maxContributions: number
  readonly members: readonly string[]
  readonly known: readonly string[]
  /** The author's list with the highest seq that is held. */
  readonly held: { readonly seq: number; readonly contributions: readonly string[] } | null
}

export interface ReportSituation {
  /** Certified bases, in the order of their rounds from 0 on. */
  readonly bases: readonly string[]
  readonly known: readonly string[]
  /** Of what is held of the author about the same base, task, mode and metric. */
  readonly heldSeq: number | null
  readonly byAuthor: number
  readonly ofBase: number
}

export interface CertificateSituation {
  readonly quorum: number
  readonly members: readonly string[]
}

export interface EvidenceSituation {
  readonly members: readonly string[]
}

/** What a judge of heard evidence knows. */
export interface HeardSituation {
  /** In the order of their rounds: the committee from a round on. */
  readonly committees: readonly { readonly from: number; readonly members: readonly string[] }[]
  /** The last round whose committee is known. */
  readonly lastRound: number
  readonly known: readonly string[]
  readonly held: readonly { readonly author: string; readonly round: number }[]
}

/** What is known of the base that a network says it began as. */
export interface ForkSituation {
  readonly start: string | null
  readonly isCertified: boolean | null
}

export interface AmendmentSituation {
  /** Bytes of the genesis, hex: its terms are in force. */
  readonly genesis: string
  /** Id of the amendment that was embedded last. */
  readonly last: string | null
  readonly known: readonly string[]
  /** Other open amendments that the author approved. */
  readonly byAuthor: number
  /** Bases that a rollback may name. */
  readonly earlier?: readonly string[]
}

export interface LineageSituation {
  /** Bytes of the genesis, hex. */
  readonly genesis: string
  readonly round: number
  readonly base: string
  readonly baseWeights: string
  /** Checkpoints of bases and inputs of the last rounds. */
  readonly recent: readonly string[]
  /** The bases before, newest first. */
  readonly older?: readonly {
    readonly round: number
    readonly base: string
    readonly weights: string
    readonly isEmpty: boolean
    readonly inputs?: readonly string[]
    readonly rolledBackTo?: string
  }[]
  /** Where the round's base went back to. */
  readonly rolledBackTo?: string
}

const keyOf = (hex: string) => fromHex(hex) ?? new Uint8Array()
const same = (a: CID, b: string) => equalCids(a, CID.parse(b))

export function judgeContributionIn(bytes: Uint8Array, network: CID, view: ContributionSituation): Verdict {
  const opened = openEnvelope(bytes, [contribution], network)
  if (!isSigned(opened)) return opened
  const isMember = (key: Uint8Array) => view.members?.includes(toHex(key)) ?? false
  return judgeContribution(opened, {
    round: view.round,
    base: CID.parse(view.base),
    bytes: view.bytes,
    contributors: typeof view.contributors === 'string' ? view.contributors : view.contributors.map(keyOf),
    isMember,
    judgeVoucher: (voucher, author) =>
      judgeVoucher(voucher, { network, round: view.round, contributor: author, isMember }),
    parentOf: (parent, round) => {
      const found = view.admissible.find((other) => other.round === round && same(parent, other.parent))
      if (!found) return null
      return { staleness: found.staleness ?? 0, weights: CID.parse(found.weights ?? view.baseWeights) }
    },
    isSpent: (checkpoint) => view.spent?.some((spent) => same(checkpoint, spent)) === true,
    isKnown: (id) => view.known.some((known) => same(id, known)),
    countByAuthor: () => view.byAuthor,
  })
}

export function judgeVoucherIn(bytes: Uint8Array, network: CID, view: VoucherSituation): Verdict {
  const isMember = (key: Uint8Array) => view.members.includes(toHex(key))
  return judgeVoucher(bytes, { network, round: view.round, contributor: keyOf(view.contributor), isMember })
}

export function judgeRoundMessageIn(bytes: Uint8Array, network: CID, view: RoundSituation): Verdict {
  const opened = openEnvelope<RoundMessage>(bytes, VOTE_MESSAGES, network)
  if (!isSigned(opened)) return opened
  const keys = view.members.map((hex) => fromHex(hex) ?? new Uint8Array())
  const rank = rankCommittee(keys, roundSeed(network, view.round))
  return judgeRoundMessage(opened, {
    round: view.round,
    view: view.view,
    base: CID.parse(view.base),
    maxContributions: () => view.maxContributions,
    isMember: (key) => view.members.includes(toHex(key)),
    aggregator: (number) => aggregatorOf(rank, number),
    isKnown: (id) => view.known.some((known) => same(id, known)),
    listOf: (author): InclusionList | null =>
      view.held && {
        kind: 'list/1',
        network,
        author,
        round: view.round,
        parent: CID.parse(view.base),
        seq: view.held.seq,
        contributions: view.held.contributions.map((id) => CID.parse(id)),
      },
  })
}

export function judgeReportIn(bytes: Uint8Array, network: CID, view: ReportSituation): Verdict {
  const opened = openEnvelope<Report>(bytes, REPORT_MESSAGES, network)
  if (!isSigned(opened)) return opened
  const rounds = new Map(view.bases.map((base, round) => [base, round]))
  return judgeReport(opened, {
    roundOf: (base) => rounds.get(String(base)) ?? null,
    isKnown: (id) => view.known.includes(String(id)),
    heldSeq: () => view.heldSeq,
    countByAuthor: () => view.byAuthor,
    countOf: () => view.ofBase,
  })
}

export function judgeCertificateIn(bytes: Uint8Array, network: CID, view: CertificateSituation): Verdict {
  const isMember = (key: Uint8Array) => view.members.includes(toHex(key))
  const opened = openCertificate(bytes, { network, quorum: view.quorum, isMember })
  return 'verdict' in opened ? opened : ACCEPT
}

export function judgeEvidenceIn(bytes: Uint8Array, network: CID, { members }: EvidenceSituation): Verdict {
  const judged = judgeEvidence(bytes, { network, isMember: (key) => members.includes(toHex(key)) })
  return isProven(judged) ? ACCEPT : judged
}

export function judgeHeardEvidenceIn(bytes: Uint8Array, network: CID, view: HeardSituation): Verdict {
  const membersOf = (round: number) => view.committees.findLast(({ from }) => from <= round)?.members ?? []
  const judged = judgeHeardEvidence(bytes, {
    network,
    isMember: (key, round) => (round > view.lastRound ? null : membersOf(round).includes(toHex(key))),
    isKnown: (id) => view.known.includes(String(id)),
    holds: (author, round) => view.held.some((slot) => slot.author === toHex(author) && slot.round === round),
    countOf: (author) => view.held.filter((slot) => slot.author === toHex(author)).length,
    held: view.held.length,
  })
  return isProven(judged) ? ACCEPT : judged
}

export function judgeForkIn(bytes: Uint8Array, { start, isCertified }: ForkSituation): Verdict {
  return judgeFork(genesis.decode(bytes), { start: start === null ? null : CID.parse(start), isCertified })
}

/** What is known of an archive's base: the CID of the genesis' base, and the round of the base's lineage. */
export interface ArchiveSituation {
  readonly start: string
  readonly round: number | null
}

export function judgeArchiveIn(bytes: Uint8Array, { start, round }: ArchiveSituation): Verdict {
  return judgeArchive(archive.decode(bytes), { start: CID.parse(start), round })
}

function amendmentViewIn({ genesis: hex, last, earlier = [] }: AmendmentSituation): AmendmentView {
  const bytes = fromHex(hex) ?? new Uint8Array()
  const regime = regimeOf(networkFacts(idOf(bytes), genesis.decode(bytes)))
  const isEarlier = (base: CID) => earlier.some((one) => same(base, one))
  return amendmentView({ ...regime, last: last === null ? null : CID.parse(last) }, isEarlier)
}

export function judgeApprovalIn(bytes: Uint8Array, network: CID, view: AmendmentSituation): Verdict {
  const opened = openEnvelope(bytes, AMENDMENT_MESSAGES, network)
  if (!isSigned(opened)) return opened
  return judgeApproval(opened, {
    ...amendmentViewIn(view),
    isKnown: (id) => view.known.some((known) => same(id, known)),
    countByAuthor: () => view.byAuthor,
  })
}

export function judgeRatificationIn(bytes: Uint8Array, view: AmendmentSituation): Verdict {
  const opened = openRatification(bytes, amendmentViewIn(view))
  return isOpenedAmendment(opened) ? ACCEPT : opened
}

function olderBase({ inputs = [], rolledBackTo, ...other }: NonNullable<LineageSituation['older']>[number]): OlderBase {
  return {
    ...{ ...other, base: CID.parse(other.base), weights: CID.parse(other.weights) },
    inputs: inputs.map((cid) => CID.parse(cid)),
    ...(rolledBackTo === undefined ? {} : { rolledBackTo: CID.parse(rolledBackTo) }),
  }
}

export function judgeLineageIn(bytes: Uint8Array, view: LineageSituation): Verdict {
  const genesisBytes = fromHex(view.genesis) ?? new Uint8Array()
  const net = { genesis: genesis.decode(genesisBytes), network: idOf(genesisBytes) }
  const opened = openLineage(
    bytes,
    lineageView({
      net,
      round: view.round,
      base: CID.parse(view.base),
      baseWeights: CID.parse(view.baseWeights),
      recent: view.recent.map((cid) => CID.parse(cid)),
      older: (view.older ?? []).map(olderBase),
      ...(view.rolledBackTo === undefined ? {} : { rolledBackTo: CID.parse(view.rolledBackTo) }),
    }),
  )
  return isOpenedLineage(opened) ? ACCEPT : opened
}
