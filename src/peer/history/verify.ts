import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { createFusionEngine } from '../../adapters/fusion/engine.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { VerifiedRound, VerifyLevel, VerifyOptions, VerifyReport } from '../verify-types.ts'
import { readCertificate, type Signatures, statedRound } from './certificate.ts'
import { createFailures } from './failures.ts'
import { readOnlyStore } from './read-only-store.ts'
import { checkGenesis, findingsOf, openFinished, planSample } from './resume.ts'
import { readSampleOptions, reportSample } from './sample.ts'
import type { HistoryStep } from './step.ts'
import { createTelling } from './telling.ts'
import { judgeTrust } from './trust.ts'
import { walkHistory } from './walk.ts'

/** `full`: fusing every round again is what makes a base more than somebody's word. */
export const DEFAULT_VERIFY_LEVEL: VerifyLevel = 'full'

/** What a level makes of the fusion of a round in which nothing is wrong. */
const FUSIONS = { signatures: null, sample: 'sampled', full: 'reproduced' } as const

export interface VerifyBaseOptions extends VerifyOptions {
  /** Of the first round. */
  readonly network: NetworkFacts
  readonly store: ContentStore
  readonly base: CID
  readonly certificate: Uint8Array | null
  /** Where weights are files, they are fused again as such, in threads. */
  readonly files?: WeightFiles | null
  /** What is known of later rounds' terms, for a base whose history is not here. */
  readonly termsAt?: (round: number) => NetworkFacts
}

/**
 * Verifies a base and its whole history from blocks that are here. A bad base is a report, not an error.
 * @param options.certificate the base's own; null when there is none: then it is a mere proposal, unless it is the genesis' base
 * @throws ColdmeshError `aborted`; `bad-input` for an option that is none, and for a file to resume from that is of something else
 */
export async function verifyBase(options: VerifyBaseOptions): Promise<VerifyReport> {
  return (await inspectBase(options)).report
}

/** As `verifyBase`, with what is in force in the base's own round as far as its history is known. */
export async function inspectBase(
  options: VerifyBaseOptions,
): Promise<{ readonly report: VerifyReport; readonly facts: NetworkFacts }> {
  const { network, base, level = DEFAULT_VERIFY_LEVEL, signal, onProgress } = options
  const store = readOnlyStore(options.store, signal)
  const asked = readSampleOptions(level, options)
  await using progress = await openFinished(options, level, asked)
  const sample = planSample(asked, progress)
  const failures = createFailures()
  const genesis = await checkGenesis(network, store, level, progress)
  for (const bad of genesis.bad) failures.add(0, bad)

  await using engine = createFusionEngine({ workers: options.threads })
  const byFiles = options.files ? { files: options.files, engine, signal } : null
  const walk = await walkHistory({ ...options, store, facts: genesis.base, covered: progress.finished })
  if (walk.gap !== null) failures.add(walk.gap.round, walk.gap)
  const tells = createTelling(walk.total, options.details)
  const rounds: VerifiedRound[] = []
  let newest: HistoryStep | null = null
  let facts = network
  let readWeights: CID | null = genesis.base?.weights ?? null
  for await (const step of walk.steps) {
    const { round, files } = step.loaded
    onProgress?.({ round, of: walk.total })
    facts = step.parent?.regime.current ?? facts
    const told = (isBad: boolean) => tells(rounds.length, isBad)
    const checks = { store, level, genesis: genesis.base, sample, byFiles, readWeights, tells: told }
    const { report, bad } = await findingsOf(step, checks, progress)
    for (const link of bad) failures.add(round, link)
    rounds.push(report)
    readWeights = files.weights.cid
    newest = step
  }
  rounds.reverse()
  const isGenesis = equalCids(base, network.genesis.base)
  const signed = isGenesis ? null : signaturesOf(options, newest, facts)
  const certified = isGenesis || (rounds[0]?.certified ?? signed !== null)
  const round = isGenesis ? 0 : (rounds[0]?.round ?? signed?.round ?? 1)
  const of = { facts: signed?.facts ?? facts, round, signers: signed?.signers ?? [] }
  const { trusted, trust, failures: distrust } = judgeTrust(options, of)
  const isFused = level === 'signatures' || rounds.every(({ fusion }) => fusion === FUSIONS[level])
  const report: VerifyReport = {
    base: String(base),
    network: String(network.id),
    valid: failures.all.length + distrust.length === 0 && certified && isFused,
    certified,
    trusted,
    trust,
    level,
    sample: sample && reportSample(sample),
    rounds,
    failures: [...distrust, ...failures.all].sort((a, b) => a.round - b.round),
    fork: null,
  }
  return { report, facts }
}

type Signed = Signatures & { readonly round: number; readonly facts: NetworkFacts }

/** Who signed the base, where a quorum did: also one whose own blocks are not here. */
function signaturesOf(
  { network, base, certificate, trustKeys = [], termsAt = () => network }: VerifyBaseOptions,
  newest: HistoryStep | null,
  facts: NetworkFacts,
): Signed | null {
  if (newest !== null && !newest.isCovered) {
    return newest.certificate && { ...newest.certificate, round: newest.loaded.round, facts }
  }
  // of a round that was checked before only the signers are asked for, by those who name some
  if (certificate === null || (newest !== null && trustKeys.length === 0)) return null
  const inForce = newest === null ? termsAt(statedRound(network, certificate)) : facts
  const read = readCertificate(inForce, certificate)
  return typeof read !== 'string' && equalCids(read.base, base) ? { ...read, facts: inForce } : null
}
