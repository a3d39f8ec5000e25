import { CID } from 'multiformats/cid'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { genesisHead, nextHead } from '../../rounds/head.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { namedByRollback } from '../../rounds/rollback.ts'
import type { Head } from '../../rounds/state.ts'
import { type BadLink, type Failure, isBadLink } from './bad-link.ts'
import { checkFiles } from './base-files.ts'
import { judgeCertificate, statedRound } from './certificate.ts'
import { type CoveredRound, certificateName, coveredStep } from './covered.ts'
import type { GenesisBase } from './genesis.ts'
import { type LoadedRound, loadRound } from './load-round.ts'
import { openRound } from './open-round.ts'
import { checkSignal, readOnlyStore } from './read-only-store.ts'
import type { HistoryStep } from './step.ts'
import { type Trail, traceHistory } from './trace.ts'

export interface WalkOptions {
  /** Of the first round. */
  readonly network: NetworkFacts
  /** The genesis' base (`openGenesisBase`); null when it is not here: then signatures are checked, and little else. */
  readonly facts: Pick<GenesisBase, 'shared' | 'weights'> | null
  readonly store: ContentStore
  readonly base: CID
  /** The base's own; those of its ancestors are in the lineages of their children. */
  readonly certificate: Uint8Array | null
  /** Rounds that were checked before, by number: taken where they are those of this history. */
  readonly covered?: ReadonlyMap<number, CoveredRound>
  readonly signal?: AbortSignal
}

export interface Walk {
  /** Rounds of which there is a lineage, unbroken from the base downwards. */
  readonly total: number
  /** The first bad link on the way back; null when the genesis was reached. */
  readonly gap: Failure | null
  /** Oldest first. One walk, one pass. */
  readonly steps: AsyncGenerator<HistoryStep>
}

/**
 * Goes from a base back to the genesis by its lineages, keeping CIDs and rounds alone; then forwards, checking every
 * signature, certificate, inclusion rule, link and file list. Reads no weights. Memory: the list of CIDs and two lineages.
 * @throws ColdmeshError `aborted`; what is wrong with the history is in its result
 */
export async function walkHistory(options: WalkOptions): Promise<Walk> {
  const { network, base, certificate, signal } = options
  const store = readOnlyStore(options.store, signal)
  const round = certificate === null ? 0 : statedRound(network, certificate)
  const { rounds, gap } = await traceHistory({ network, store, base, round })
  const start = gap === null && options.facts !== null ? genesisHead(network, options.facts.weights) : null
  return { total: rounds.length, gap, steps: goForward({ ...options, store }, rounds, start) }
}

async function* goForward(
  options: WalkOptions,
  rounds: Trail['rounds'],
  start: Head | null,
): AsyncGenerator<HistoryStep> {
  const { network, store, signal, covered } = options
  let head = start
  let loaded = await loadAgain(network, store, rounds[0])
  for (let i = 0; loaded !== null; i++) {
    checkSignal(signal)
    const next: LoadedRound | null = await loadAgain(network, store, rounds[i + 1])
    const certificate: Uint8Array | null = next === null ? options.certificate : next.lineage.parentCertificate
    const before = covered?.get(loaded.round)
    const again: HistoryStep | null =
      before === undefined ? null : coveredStep({ parent: head, loaded, before, certificate })
    const badParent = i === 0 && again === null ? checkParentCertificate(network, loaded) : []
    const step = again ?? checkStep(options, head, loaded, { certificate, bad: badParent })
    head = step.head
    yield step
    loaded = next
  }
}

async function loadAgain(
  network: NetworkFacts,
  store: ContentStore,
  place: Trail['rounds'][number] | undefined,
): Promise<LoadedRound | null> {
  if (place === undefined) return null
  // a new one each time: it remembers its own text
  const base = CID.parse(place.base)
  const loaded = await loadRound(network, store, base)
  if (!isBadLink(loaded)) return loaded
  throw new ColdmeshError('block-missing', `${base} changed while its history was read: ${loaded.reason}`)
}

function checkStep(
  options: WalkOptions,
  parent: Head | null,
  loaded: LoadedRound,
  { certificate, bad: badParent }: { readonly certificate: Uint8Array | null; readonly bad: readonly BadLink[] },
): HistoryStep {
  const { facts } = options
  const network = parent?.regime.current ?? options.network
  const { opened, contents, bad: badLineage } = openRound(network, parent, loaded)
  const files = checkFiles({ network, shared: facts?.shared ?? null, loaded, contents })
  const bad: BadLink[] = [...badParent, ...badLineage, ...files.bad]
  const certified = judgeCertificate(network, certificate, loaded)
  if (certified.isCertified) {
    // A rollback has no inputs, in whichever view: a quorum wanted it.
    const isEmpty = loaded.lineage.inputs.length === 0 && namedByRollback(loaded.lineage.amendment) === null
    if (isEmpty && certified.view < network.terms.round.maxViews) {
      bad.push({
        link: 'lineage',
        reason: `empty-too-early: a round may end without inputs from view ${network.terms.round.maxViews} on, not in view ${certified.view}.`,
      })
    }
  } else if (certified.names === null) {
    bad.push({ link: 'certificate', reason: parent === null ? unlessAmended(certified.reason) : certified.reason })
  } else if (files.expected === null || !certified.names.equals(files.expected)) {
    // had the lineage its certified bytes, the directory expected from it would be the certified one
    bad.push({ link: blame(facts !== null, bad), reason: certified.reason })
  }
  return {
    loaded,
    network,
    isCovered: false,
    parent,
    head:
      parent !== null && opened !== null
        ? nextHead(parent, { base: loaded.base, opened, certificate: certificate ?? new Uint8Array() })
        : null,
    contents,
    isCertified: certified.isCertified,
    certificate: certified.isCertified ? certified : null,
    certificateName: certificateName(certificate),
    bad,
  }
}

/** Without the rounds before, amendments in them are not known. */
function unlessAmended(reason: string): string {
  const isOfCommittee = /^certificate-(signer-not-a-member|no-quorum)/.test(reason)
  return isOfCommittee ? `${reason}: of the first committee; rounds that are not here may have changed it.` : reason
}

/** At the first round that is here, the certificate of a parent that is not: no earlier step has looked at it. */
function checkParentCertificate(network: NetworkFacts, { round, lineage }: LoadedRound): readonly BadLink[] {
  if (round === 1) return []
  const certified = judgeCertificate(network, lineage.parentCertificate, { round: round - 1, base: lineage.parent })
  return certified.isCertified
    ? []
    : [{ link: 'lineage', reason: `parentCertificate: ${unlessAmended(certified.reason)}` }]
}

/** Whose fault it is that a quorum signed another base of this round. */
function blame(areSharedKnown: boolean, bad: readonly BadLink[]): string {
  if (bad.length > 0) return 'lineage'
  return areSharedKnown ? 'certificate' : 'directory'
}
