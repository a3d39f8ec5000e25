import type { CID } from 'multiformats/cid'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { equalCids, toHex } from '../../../protocols/wire/bytes.ts'
import { aggregatorOf, rankCommittee, roundSeed } from '../../../protocols/wire/election.ts'
import { formatRule } from '../../fusion/rule-text.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { createReverts } from '../../rounds/rollback.ts'
import type { EvidenceStatus, LogEntry, ReportEntry } from '../types.ts'
import { type BadLink, isBadLink, isMissing } from './bad-link.ts'
import { judgeCertificate } from './certificate.ts'
import { latenessOf } from './lateness.ts'
import { type LoadedRound, loadRound } from './load-round.ts'
import { openRound, type RoundContents } from './open-round.ts'
import { readOnlyStore } from './read-only-store.ts'
import { amendmentOf, excludedOf, inputOf } from './round-details.ts'

/**
 * The rounds that made a base, newest first; the genesis' base has none. Signatures and certificates of each round are
 * checked as it is read; use `verifyBase` for the rest.
 * @param options.certificate of `base`; those of its ancestors are in the lineages
 * @throws ColdmeshError `block-missing`, `block-corrupt`, `not-valid` at the first round that does not hold, `aborted`
 */
export async function* readLog(options: {
  /** Of the first round. */
  readonly network: NetworkFacts
  /** What is in force in later rounds; absent: the same. */
  readonly termsAt?: (round: number) => NetworkFacts
  readonly store: ContentStore
  readonly base: CID
  readonly certificate: Uint8Array | null
  /** Evaluations of a base; absent: none are known. */
  readonly reportsOf?: (base: CID) => readonly ReportEntry[]
  /** Contradictions of members in a round; absent: none are known. */
  readonly evidenceOf?: (round: number) => readonly EvidenceStatus[]
  readonly signal?: AbortSignal
}): AsyncGenerator<LogEntry> {
  const { network, termsAt = () => network, signal } = options
  const store = readOnlyStore(options.store, signal)
  let { base, certificate } = options
  let expected: number | null = null
  const revertedBy = createReverts()
  while (!equalCids(base, network.genesis.base)) {
    const loaded = await loadRound(network, store, base)
    if (isBadLink(loaded)) throw badRound(base, expected, loaded)
    if (loaded.round !== (expected ?? loaded.round)) {
      throw badRound(base, expected, { link: 'lineage', reason: `lineage-wrong-round: it is of round ${loaded.round}` })
    }
    const facts = termsAt(loaded.round)
    const certified = judgeCertificate(facts, certificate, loaded)
    if (!certified.isCertified) throw badRound(base, loaded.round, { link: 'certificate', reason: certified.reason })
    const { contents, bad } = openRound(facts, null, loaded)
    if (bad[0] || contents === null)
      throw badRound(base, loaded.round, bad[0] ?? { link: 'lineage', reason: 'refused' })
    const late = await Promise.all(contents.inputs.map((input) => latenessOf(facts, store, loaded, input)))
    const entry = entryOf(facts, loaded, contents, certified.view)
    const inputs = entry.inputs.map((input, i) => ({ ...input, staleness: late[i] ?? null }))
    const [reports, evidence] = [options.reportsOf?.(base) ?? [], options.evidenceOf?.(loaded.round) ?? []]
    const reverted = revertedBy({ ...entry, rolledBackTo: entry.amendment?.change.rollback?.base ?? null })
    yield { ...entry, inputs, revertedBy: reverted, reports, evidence }
    base = loaded.lineage.parent
    certificate = loaded.lineage.parentCertificate
    expected = loaded.round - 1
  }
}

function entryOf(
  network: NetworkFacts,
  loaded: LoadedRound,
  contents: RoundContents,
  view: number,
): Omit<LogEntry, 'reports' | 'evidence' | 'inputs' | 'revertedBy'> & {
  readonly inputs: readonly Omit<LogEntry['inputs'][number], 'staleness'>[]
} {
  const { round, base, lineage } = loaded
  const rank = rankCommittee(network.members, roundSeed(network.id, round))
  return {
    round,
    base: String(base),
    parent: String(lineage.parent),
    aggregator: toHex(aggregatorOf(rank, view)),
    view,
    rule: formatRule(lineage.fusion),
    inputs: contents.inputs.map((input, at) => ({ ...inputOf(network, input), clipping: clippingOf(lineage, at) })),
    amendment: amendmentOf(round, lineage.amendment),
    excluded: excludedOf(contents),
  }
}

function clippingOf({ fusion: { norms, factors } }: Lineage, at: number): LogEntry['inputs'][number]['clipping'] {
  const [norm, factor] = [norms?.[at], factors?.[at]]
  return norm === undefined || factor === undefined ? null : { norm: toHex(norm), factor }
}

function badRound(base: CID, round: number | null, bad: BadLink): ColdmeshError {
  const where = round === null ? `The base ${base}` : `Round ${round}`
  const { link, reason } = bad
  return new ColdmeshError(
    isMissing(bad) ? 'block-missing' : 'not-valid',
    `${where} can't be told: ${link}: ${reason}`,
    {
      facts: { base: String(base), round, link },
      hint: isMissing(bad)
        ? 'the history goes on where these blocks are: ask another peer'
        : 'run coldmesh verify on this base',
    },
  )
}
