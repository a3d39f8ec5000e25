import type { CID } from 'multiformats/cid'
import { lineage as lineageDeclaration } from '../../protocols/lineage/messages.ts'
import { isOpenedLineage, type OpenedLineage, openLineage } from '../../protocols/lineage/rules.ts'
import type { Certificate } from '../../protocols/round/messages.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { MAX_LINEAGE_BYTES, MEBIBYTE } from '../../protocols/wire/limits.ts'
import { assembleBase, baseFile, openBase, WEIGHTS_NAME } from '../checkpoint/base.ts'
import { renderCard } from '../checkpoint/card.ts'
import { isFileCid } from '../checkpoint/unixfs.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { genesisHead, nextHead } from '../rounds/head.ts'
import { type Network, type NetworkFacts, openNetworkCertificate } from '../rounds/network.ts'
import { namedByRollback } from '../rounds/rollback.ts'
import type { Ancestor, Head, SignedContribution } from '../rounds/state.ts'
import { lineageView } from '../rounds/views.ts'
import type { BaseFacts } from './builder.ts'
import { cardFacts } from './card-facts.ts'
import type { Chain, ChainEntry } from './chain.ts'
import { inputsOf } from './lineage-inputs.ts'
import { needsNewerVersion, otherVersionOf } from './newer-version.ts'
import { createTermsBook } from './terms-book.ts'

/** Everything of a base but its weights: config, tokenizer, card, lineage and nodes. */
const MAX_SMALL_FILES_BYTES = 16 * MEBIBYTE

/** Upper bound of the bytes of a file of weights and of the nodes above its leaves. */
export function maxWeightsBytes(bytes: number): number {
  return bytes + Math.ceil(bytes / 1000) + MEBIBYTE
}

/** Upper bound of the bytes under a base's directory. */
export function maxBaseBytes(network: Network): number {
  return network.genesis.bytes + Math.ceil(network.genesis.bytes / 1000) + MAX_SMALL_FILES_BYTES
}

/**
 * The head of a data directory: its last certified base with as much history as the pipeline looks at.
 * @throws ColdmeshError `block-missing`, `block-corrupt`
 */
export async function readHead(
  network: NetworkFacts,
  facts: BaseFacts,
  store: ContentStore,
  chain: Pick<Chain, 'entries'>,
): Promise<Head> {
  const genesis = genesisHead(network, facts.weights)
  const { regime } = createTermsBook(network, chain)
  const { historyRounds } = regime.current.terms.round
  const recent = chain.entries.slice(-historyRounds).reverse()
  const last = recent[0]
  if (!last) return genesis
  const ancestors: Ancestor[] = []
  for (const entry of recent) ancestors.push(await readAncestor(network, store, entry))
  const history = [...ancestors, ...genesis.history].slice(0, historyRounds)
  const [newest] = ancestors
  if (!newest) return genesis
  return { ...newest, certificate: last.certificate, history, regime }
}

async function readAncestor(network: Network, store: ContentStore, { round, base }: ChainEntry): Promise<Ancestor> {
  const { lineage } = await openBase(base, (cid) => store.get(cid))
  if (!lineage) throw new ColdmeshError('bad-checkpoint', `The base of round ${round} has no lineage.`)
  const read = lineageDeclaration.decode(await store.get(lineage))
  const inputs = inputsOf(read, network.id).map(({ message }) => message.checkpoint)
  const rollback = namedByRollback(read.amendment)
  return {
    ...{ round, base, weights: read.weights, inputs },
    isEmpty: rollback === null && inputs.length === 0 && read.excluded.length === 0,
    ...(rollback === null ? {} : { rolledBackTo: rollback }),
  }
}

/** What the chain file keeps of a base that was checked. */
export function entryOf({ head, base, certificate, opened }: CheckedBase): ChainEntry {
  const { amendment } = opened.lineage
  return { round: head.round, base, certificate, ...(amendment === undefined ? {} : { amendment }) }
}

/** A base that was checked against the head before it. */
export interface CheckedBase {
  readonly base: CID
  readonly certificate: Uint8Array
  readonly opened: OpenedLineage<SignedContribution>
  readonly view: number
  readonly head: Head
}

/**
 * Checks a certified base that claims to follow `head`: certificate, directory, lineage. Its weights may be elsewhere still.
 * The directory's node and the lineage must be in the store.
 * @throws ColdmeshError `not-valid` with the reason, `block-missing`
 */
export async function checkNext(
  head: Head,
  store: ContentStore,
  next: { readonly base: CID; readonly certificate: Uint8Array },
): Promise<CheckedBase> {
  const certificate = checkCertificate(head, next)
  const directory = await openBase(next.base, (cid) => store.get(cid))
  if (!directory.lineage) throw notValid('no-lineage', head.round + 1)
  const opened = checkLineage(head, await store.get(directory.lineage))
  if (!equalCids(opened.lineage.weights, directory.weights.cid))
    throw notValid('weights-not-the-lineages', head.round + 1)
  return follow(head, next, certificate, opened)
}

/** A base as sync brings it. */
export interface SentBase {
  readonly base: CID
  readonly lineage: Uint8Array
  readonly certificate: Uint8Array
}

/**
 * The same for a base whose lineage is at hand: card and directory follow from it by rule, so nothing has to be fetched.
 * @returns the blocks of its record too; null when its directory is not the one that the rules make, and has to be looked at
 * @throws ColdmeshError `not-valid` with the reason and the round
 */
export function checkSent(
  facts: BaseFacts,
  head: Head,
  { base, lineage, certificate: bytes }: SentBase,
): {
  readonly checked: CheckedBase
  readonly blocks: readonly { readonly cid: CID; readonly block: Uint8Array }[]
} | null {
  const next = { base, certificate: bytes }
  const certificate = checkCertificate(head, next)
  const opened = checkLineage(head, lineage)
  const { weights } = opened.lineage
  const { current } = head.regime
  const { bytes: weightsBytes } = current.genesis
  if (!isFileCid(weights, weightsBytes)) return null
  const made = assembleBase({
    shared: facts.shared,
    weights: baseFile(WEIGHTS_NAME, weights, weightsBytes),
    card: renderCard(cardFacts(current, { ...opened.lineage, ...opened })),
    lineage,
  })
  if (!equalCids(made.cid, base)) return null
  return { checked: follow(head, next, certificate, opened), blocks: made.blocks }
}

function checkCertificate(head: Head, next: { readonly base: CID; readonly certificate: Uint8Array }): Certificate {
  const round = head.round + 1
  const certificate = openNetworkCertificate(head.regime.current, next.certificate)
  if ('verdict' in certificate)
    throw notValid(certificate.verdict === 'accept' ? 'certificate' : certificate.reason, round)
  if (certificate.round !== round) throw notValid('certificate-wrong-round', round)
  if (!equalCids(certificate.base, next.base)) throw notValid('certificate-wrong-base', round)
  return certificate
}

function checkLineage(head: Head, bytes: Uint8Array): OpenedLineage<SignedContribution> {
  const round = head.round + 1
  if (bytes.length > MAX_LINEAGE_BYTES) throw notValid('lineage-too-long', round)
  const opened = openLineage(bytes, lineageView(head))
  if (!isOpenedLineage(opened)) {
    const newer = otherVersionOf(lineageDeclaration.kind, bytes, MAX_LINEAGE_BYTES)
    if (newer !== null) throw needsNewerVersion(`The lineage of round ${round}`, `it is of the kind ${newer}`)
    throw notValid(opened.verdict === 'accept' ? 'lineage' : opened.reason, round)
  }
  return opened
}

function follow(
  head: Head,
  next: { readonly base: CID; readonly certificate: Uint8Array },
  certificate: Certificate,
  opened: OpenedLineage<SignedContribution>,
): CheckedBase {
  if (opened.isEmpty && certificate.view < head.regime.current.terms.round.maxViews)
    throw notValid('empty-too-early', head.round + 1)
  return { ...next, opened, view: certificate.view, head: nextHead(head, { ...next, opened }) }
}

function notValid(reason: string, round: number): ColdmeshError {
  // A quorum certified what this version refuses to know: it can't follow, and must not pretend.
  if (reason.includes('unsupported')) return needsNewerVersion(`The certified base of round ${round}`, reason)
  return new ColdmeshError('not-valid', `The base of round ${round} that a peer gave does not hold: ${reason}.`, {
    facts: { reason, round },
  })
}
