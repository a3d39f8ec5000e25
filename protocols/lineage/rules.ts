import type { CID } from 'multiformats/cid'
import { compareBytes, compareCids, equalCids } from '../wire/bytes.ts'
import { MalformedError } from '../wire/codec.ts'
import { sha256Text } from '../wire/crypto.ts'
import { createMemo } from '../wire/memo.ts'
import { reject, type Verdict } from '../wire/verdict.ts'
import { clipFactors, decodeNorm } from './clipping.ts'
import { type ExclusionReason, type Lineage, lineage } from './messages.ts'
import { type Candidate, eligibleIds, type PipelineFacts, type Selection, selectInputs } from './pipeline.ts'

/** An inclusion list that a lineage quotes, decoded and with its signature checked. */
export interface QuotedList {
  readonly author: Uint8Array
  readonly round: number
  readonly parent: CID
  readonly contributions: readonly CID[]
}

/** What a judge of lineages asks: the facts of its round, and to open what it embeds. */
export interface LineageView<C extends Candidate> extends Omit<PipelineFacts, 'lists'> {
  readonly network: CID
  readonly round: number
  /** The round's base: the parent of the lineage's base. */
  readonly base: CID
  readonly quorum: number
  readonly minContributions: number
  readonly fusion: { readonly rule: string; readonly params: Readonly<Record<string, number>> }
  /** Opens an envelope and checks what holds for every contribution to this network. */
  openContribution(envelope: Uint8Array): C | Verdict
  /** Opens an envelope of a member of the committee. */
  openList(envelope: Uint8Array): QuotedList | Verdict
  /** Opens a ratified amendment and checks it by the committee of this round (membership, 8). */
  openAmendment(bytes: Uint8Array): EmbeddedAmendment | Verdict
  /** Checks that the bytes certify `base` for round `round - 1`. */
  judgeParentCertificate(bytes: Uint8Array): Verdict
}

/** What an amendment does to the base that embeds it. */
export interface EmbeddedAmendment {
  /** Null for one that changes terms, which hold later. */
  readonly rollback: RollbackTarget | null
}

/** An earlier base that a quorum goes back to. */
export interface RollbackTarget {
  readonly base: CID
  /** CID of its weights. */
  readonly weights: CID
}

export interface OpenedLineage<C extends Candidate> {
  readonly lineage: Lineage
  readonly lists: readonly QuotedList[]
  /** In id order. */
  readonly inputs: readonly C[]
  readonly excluded: readonly { readonly contribution: C; readonly reason: ExclusionReason }[]
  /** The weights are those of this earlier base; no inputs. */
  readonly rollback: RollbackTarget | null
  /** A round that ended without inputs, and without a rollback: the weights stay. */
  readonly isEmpty: boolean
}

/** What waits for a vote is read again when it is certified, and what a history loads is then opened. At most 1 MB each. */
const MAX_REMEMBERED = 8
const decoded = createMemo<Lineage>(MAX_REMEMBERED)

/** Reads a lineage, and nothing of what it claims. @throws MalformedError */
export function decodeLineage(bytes: Uint8Array): Lineage {
  const name = sha256Text(bytes)
  const known = decoded.get(name)
  if (known) return known
  const read = lineage.decode(Uint8Array.from(bytes))
  decoded.set(name, read)
  return read
}

/** SPEC 6: reads a lineage and recomputes everything that it claims but the weights. */
export function openLineage<C extends Candidate>(bytes: Uint8Array, view: LineageView<C>): OpenedLineage<C> | Verdict {
  try {
    return readLineage(decodeLineage(bytes), view)
  } catch (error) {
    if (error instanceof Refused) return error.verdict
    if (error instanceof MalformedError) return reject(`lineage-${error.reason}`)
    throw error
  }
}

/** True for an opened lineage, false for a verdict. */
export function isOpenedLineage<C extends Candidate>(opened: OpenedLineage<C> | Verdict): opened is OpenedLineage<C> {
  return 'lineage' in opened
}

class Refused extends Error {
  readonly verdict: Verdict
  constructor(verdict: Verdict) {
    super('refused')
    this.verdict = verdict
  }
}

function mustAccept(verdict: Verdict): void {
  if (verdict.verdict !== 'accept') throw new Refused(verdict)
}

function demand(condition: boolean, reason: string): void {
  if (!condition) throw new Refused(reject(reason))
}

function orRefuse<T extends object>(opened: T | Verdict): T {
  if ('verdict' in opened) throw new Refused(opened)
  return opened
}

function readLineage<C extends Candidate>(read: Lineage, view: LineageView<C>): OpenedLineage<C> {
  // [REJECT] SPEC 6.1: of this network, round and parent.
  demand(equalCids(read.network, view.network), 'lineage-wrong-network')
  demand(read.round === view.round, 'lineage-wrong-round')
  demand(equalCids(read.parent, view.base), 'lineage-wrong-parent')
  // [REJECT] SPEC 6.2: an amendment is ratified by the committee of this round.
  const amended = read.amendment === undefined ? null : orRefuse(view.openAmendment(read.amendment))
  const rollback = amended?.rollback ?? null
  // [REJECT] SPEC 6.3: the parent is certified; the genesis' base needs no certificate.
  demand((read.round === 1) === (read.parentCertificate === null), 'lineage-parent-certificate')
  if (read.parentCertificate !== null) {
    mustAccept(view.judgeParentCertificate(read.parentCertificate))
  }
  checkFusion(read, view)
  const lists = readLists(read, view)
  const inputs = read.inputs.map((envelope) => orRefuse(view.openContribution(envelope)))
  const excluded = read.excluded.map(({ envelope, reason }) => {
    return { contribution: orRefuse(view.openContribution(envelope)), reason }
  })
  const isBare = inputs.length === 0 && excluded.length === 0
  if (rollback !== null) {
    // [REJECT] SPEC 6.12: a rollback takes the weights of the base that it names, and nothing else.
    demand(isBare, 'lineage-rollback-with-contributions')
    demand(equalCids(read.weights, rollback.weights), 'lineage-rollback-other-weights')
  } else if (isBare) {
    // [REJECT] SPEC 6.4: an empty round keeps the weights.
    demand(equalCids(read.weights, view.baseWeights), 'lineage-empty-changes-weights')
  } else {
    checkSelection({ inputs, excluded }, lists, view)
  }
  return { lineage: read, lists, inputs, excluded, rollback, isEmpty: isBare && rollback === null }
}

function checkFusion<C extends Candidate>({ fusion, inputs }: Lineage, view: LineageView<C>): void {
  // [REJECT] SPEC 6.5: the network's rule and parameters.
  const names = Object.keys(fusion.params)
  const isSame =
    fusion.rule === view.fusion.rule &&
    names.length === Object.keys(view.fusion.params).length &&
    names.every((name) => fusion.params[name] === view.fusion.params[name])
  demand(isSame, 'lineage-other-fusion')
  const { factors, norms } = fusion
  if (fusion.rule !== 'clipped-mean/1' || inputs.length === 0) {
    // [REJECT] SPEC 6.5: only inputs of clipped-mean/1 have factors and norms.
    demand(factors === undefined && norms === undefined, 'lineage-unexpected-factors')
    return
  }
  // [REJECT] SPEC 6.11: a norm of each input, and the factors that these give.
  const read = norms?.map(decodeNorm).flatMap((norm) => norm ?? [])
  demand(read?.length === inputs.length && norms?.length === inputs.length, 'lineage-bad-norms')
  const right = clipFactors(read ?? [])
  const isRight = factors?.length === right.length && right.every((factor, i) => factor === factors[i])
  demand(isRight, 'lineage-other-factors')
}

function readLists<C extends Candidate>(read: Lineage, view: LineageView<C>): readonly QuotedList[] {
  const lists = read.lists.map((envelope) => orRefuse(view.openList(envelope)))
  // [REJECT] SPEC 6.6: exactly a quorum of lists of distinct members, by author, for this round and parent.
  demand(lists.length === view.quorum, 'lineage-no-quorum-of-lists')
  const isSorted = lists.every(
    (list, i) => i === 0 || compareBytes(lists[i - 1]?.author ?? list.author, list.author) < 0,
  )
  demand(isSorted, 'lineage-listers-not-distinct')
  const isOfRound = lists.every((list) => list.round === view.round && equalCids(list.parent, view.base))
  demand(isOfRound, 'lineage-list-of-another-round')
  // [REJECT] SPEC 6.7: each list as SPEC 4.3 wants it: ids strictly ascending, at most 2 × maxContributions.
  demand(
    lists.every(({ contributions }) => isWellFormedList(contributions, view.maxContributions)),
    'lineage-bad-list',
  )
  return lists
}

function isWellFormedList(ids: readonly CID[], maxContributions: number): boolean {
  return ids.length <= 2 * maxContributions && ids.every((id, i) => i === 0 || compareCids(ids[i - 1] ?? id, id) < 0)
}

function checkSelection<C extends Candidate>(
  claimed: { inputs: readonly C[]; excluded: readonly { contribution: C; reason: ExclusionReason }[] },
  lists: readonly QuotedList[],
  view: LineageView<C>,
): void {
  const listed = lists.map((list) => list.contributions)
  const candidates = [...claimed.inputs, ...claimed.excluded.map(({ contribution }) => contribution)]
  const eligible = eligibleIds(listed, view.threshold)
  // [REJECT] SPEC 6.8: inputs and excluded together are exactly what enough lists name.
  const ids = candidates.map(({ id }) => id).sort(compareCids)
  demand(
    ids.length === eligible.length && ids.every((id, i) => equalCids(id, eligible[i] ?? null)),
    'lineage-not-listed',
  )
  // [REJECT] SPEC 6.9: the pipeline gives these inputs, and these reasons.
  const selection: Selection = selectInputs(candidates, { ...factsOf(view), lists: listed })
  const isSameInputs =
    selection.inputs.length === claimed.inputs.length &&
    selection.inputs.every(({ id }, i) => equalCids(id, claimed.inputs[i]?.id ?? null))
  demand(isSameInputs, 'lineage-other-inputs')
  const isSameExcluded = selection.excluded.every(({ candidate, reason }, i) => {
    const other = claimed.excluded[i]
    return other !== undefined && equalCids(candidate.id, other.contribution.id) && reason === other.reason
  })
  demand(isSameExcluded, 'lineage-other-exclusions')
  // [REJECT] SPEC 6.10: enough inputs.
  demand(selection.inputs.length >= view.minContributions, 'lineage-too-few-inputs')
}

function factsOf<C extends Candidate>(view: LineageView<C>): Omit<PipelineFacts, 'lists'> {
  const { threshold, seed, maxContributions, baseWeights } = view
  return {
    threshold,
    seed,
    maxContributions,
    baseWeights,
    parentOf: (parent, round) => view.parentOf(parent, round),
    isRecent: (checkpoint) => view.isRecent(checkpoint),
  }
}
