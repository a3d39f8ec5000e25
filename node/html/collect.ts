import { type ForkStatus, isColdmeshError, type LogEntry, type ReportEntry } from 'coldmesh'
import { addContributors, type Contributor, createContributors } from './contributors.ts'

/** Rounds, and contributions in them, that are told one by one; older rounds are told by the hundred. */
const MAX_ROUNDS = 200
const MAX_CONTRIBUTIONS = 2_000
const FOLD = 100
/** Of one page. */
const MAX_REPORTS = 5_000

/** What a page is made from: a data directory, its daemon, or an exported base. */
export interface LineageSource {
  readonly network: string
  /** A peer's text; null where it is not known. */
  readonly networkName: string | null
  readonly head: string
  log(): AsyncIterable<LogEntry>
  reports(base: string): Promise<readonly ReportEntry[]>
  fork(): Promise<ForkStatus | null>
  /** Norms of what inputs changed; null where it can't be measured at all. */
  measure(base: string): Promise<readonly (number | null)[] | null>
}

export type TracedInput = LogEntry['inputs'][number] & {
  /** Of what it changed: computed from its bytes; null where they are not here. */
  readonly measured: number | null
}

export type TracedRound = Omit<LogEntry, 'inputs'> & { readonly inputs: readonly TracedInput[] }

/** Rounds `first` to `last`, told as one. */
export interface FoldedRounds {
  readonly first: number
  readonly last: number
  readonly rounds: number
  readonly empty: number
  /** Fused, and not reverted. */
  readonly inputs: number
  /** Contributions of rounds that were reverted. */
  readonly reverted: number
  readonly excluded: number
  readonly amendments: number
  readonly evidence: number
  /** The base that ends them. */
  readonly base: string
}

export interface Lineage {
  readonly network: string
  readonly networkName: string | null
  readonly head: string
  /** Newest first. */
  readonly rounds: readonly TracedRound[]
  readonly folded: readonly FoldedRounds[]
  /** The genesis' base; null where the history ends before. */
  readonly start: string | null
  /** Why it ends before. */
  readonly end: string | null
  readonly contributors: readonly Contributor[]
  /** By how many contributions, most first. */
  readonly tasks: readonly string[]
  /** How many of them are in the weights. */
  readonly tasksInForce: number
  readonly reports: readonly ReportEntry[]
  readonly fork: ForkStatus | null
  /** Bases that a rollback goes back to, by CID, with their rounds; null for one that is not told here. */
  readonly restored: ReadonlyMap<string, number | null>
}

/**
 * Reads a history once, newest first, in memory for what a page shows of it.
 *
 * @param limit of rounds to tell one by one
 * @throws ColdmeshError as the source, but for blocks that end the history: then the page says so
 */
export async function collectLineage(
  source: LineageSource,
  {
    limit = MAX_ROUNDS,
    signal,
    onRound,
  }: { readonly limit?: number; readonly signal: AbortSignal; readonly onRound?: (round: number) => void },
): Promise<Lineage> {
  const rounds: TracedRound[] = []
  const folded: FoldedRounds[] = []
  const contributors = createContributors()
  const reports: ReportEntry[] = []
  const restored = new Map<string, number | null>()
  let told = 0
  let start: string | null = source.head
  let end: string | null = null
  try {
    for await (const entry of source.log()) {
      signal.throwIfAborted()
      onRound?.(entry.round)
      addContributors(contributors, entry)
      const { rollback } = entry.amendment?.change ?? {}
      if (rollback !== undefined) restored.set(rollback.base, null)
      if (restored.has(entry.base)) restored.set(entry.base, entry.round)
      if (entry.round === 1 && restored.has(entry.parent)) restored.set(entry.parent, 0)
      reports.push(...entry.reports.slice(0, MAX_REPORTS - reports.length))
      start = entry.round === 1 ? entry.parent : null
      if (folded.length === 0 && rounds.length < limit && told + entry.inputs.length <= MAX_CONTRIBUTIONS) {
        rounds.push(await traced(entry, source))
        told += entry.inputs.length
      } else fold(folded, entry)
    }
    if (start !== null) reports.push(...(await source.reports(start)))
  } catch (error) {
    const isEnd = isColdmeshError(error, 'block-missing') || isColdmeshError(error, 'not-valid')
    if (!isEnd || rounds.length === 0) throw error
    end = error.message
  }
  return {
    network: source.network,
    networkName: source.networkName,
    head: source.head,
    rounds,
    folded,
    start: end === null ? start : null,
    end,
    ...contributors.all(),
    reports,
    fork: await source.fork(),
    restored,
  }
}

async function traced(entry: LogEntry, source: LineageSource): Promise<TracedRound> {
  const norms = entry.inputs.length === 0 ? null : await source.measure(entry.base)
  return { ...entry, inputs: entry.inputs.map((input, at) => ({ ...input, measured: norms?.[at] ?? null })) }
}

/** Adds a round to the range that it belongs to: 1 to 100, 101 to 200 ... */
function fold(folded: FoldedRounds[], entry: LogEntry): void {
  const { round, base, inputs, revertedBy, excluded, amendment, evidence } = entry
  const before = folded.at(-1)
  const isSame = before !== undefined && Math.ceil(before.first / FOLD) === Math.ceil(round / FOLD)
  const range = isSame ? before : { ...NOTHING, last: round, base }
  if (isSame) folded.pop()
  folded.push({
    ...range,
    first: round,
    rounds: range.rounds + 1,
    empty: range.empty + (inputs.length === 0 ? 1 : 0),
    inputs: range.inputs + (revertedBy === null ? inputs.length : 0),
    reverted: range.reverted + (revertedBy === null ? 0 : inputs.length),
    excluded: range.excluded + excluded.length,
    amendments: range.amendments + (amendment === null ? 0 : 1),
    evidence: range.evidence + evidence.length,
  })
}

const NOTHING = { rounds: 0, empty: 0, inputs: 0, reverted: 0, excluded: 0, amendments: 0, evidence: 0 }
