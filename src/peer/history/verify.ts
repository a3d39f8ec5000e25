import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { VerifyLevel, VerifyOptions, VerifyReport } from '../types.ts'
import type { BadLink, Failure } from './bad-link.ts'
import { readCertificate, statedRound } from './certificate.ts'
import { type GenesisBase, openGenesisBase, readAll } from './genesis.ts'
import { readOnlyStore } from './read-only-store.ts'
import { type Reproduction, reproduceWeights } from './reproduce.ts'
import { type HistoryStep, walkHistory } from './walk.ts'

/** `full`: fusing every round again is what makes a base more than somebody's word. */
export const DEFAULT_VERIFY_LEVEL: VerifyLevel = 'full'

type RoundReport = VerifyReport['rounds'][number]

export interface VerifyBaseOptions extends VerifyOptions {
  /** Of the first round. */
  readonly network: NetworkFacts
  readonly store: ContentStore
  readonly base: CID
  readonly certificate: Uint8Array | null
  /** What is known of later rounds' terms, for a base whose history is not here. */
  readonly termsAt?: (round: number) => NetworkFacts
}

/**
 * Verifies a base and its whole history from blocks that are here. A bad base is a report, not an error.
 * @param options.certificate the base's own; null when there is none: then it is a mere proposal, unless it is the genesis' base
 * @throws ColdmeshError `aborted`
 */
export async function verifyBase(options: VerifyBaseOptions): Promise<VerifyReport> {
  return (await inspectBase(options)).report
}

/** As `verifyBase`, with what is in force in the base's own round as far as its history is known. */
export async function inspectBase(
  options: VerifyBaseOptions,
): Promise<{ readonly report: VerifyReport; readonly facts: NetworkFacts }> {
  const { network, base, certificate, level = DEFAULT_VERIFY_LEVEL, trust, signal, onProgress } = options
  const store = readOnlyStore(options.store, signal)
  const failures = createFailures()
  const isTrusted = trust !== undefined && trust === String(network.id)
  if (trust !== undefined && !isTrusted) {
    failures.add(0, {
      link: 'genesis',
      reason: `not-trusted: the genesis is ${network.id}, the caller trusts ${trust}.`,
    })
  }
  const genesis = await openGenesisBase(network, store, level)
  for (const bad of genesis.bad) failures.add(0, bad)

  const walk = await walkHistory({ ...options, store, facts: genesis.base })
  if (walk.gap !== null) failures.add(walk.gap.round, walk.gap)
  const rounds: RoundReport[] = []
  let facts = network
  let readWeights: CID | null = genesis.base?.weights ?? null
  for await (const step of walk.steps) {
    const { round, files, lineage } = step.loaded
    facts = step.parent?.regime.current ?? facts
    onProgress?.({ round, of: walk.total })
    for (const bad of step.bad) failures.add(round, bad)
    if (level === 'full') {
      for (const bad of await readFiles(step, store, readWeights)) failures.add(round, bad)
      readWeights = files.weights.cid
    }
    const fusion = level === 'full' ? await reproduce(step, genesis.base, store) : null
    if (fusion !== null && 'bad' in fusion && fusion.bad !== null) failures.add(round, fusion.bad)
    rounds.push({
      round,
      base: String(step.loaded.base),
      certified: step.isCertified,
      fusion: fusion?.fusion ?? null,
      inputs: lineage.inputs.length,
    })
  }
  rounds.reverse()
  const isGenesis = equalCids(base, network.genesis.base)
  const certified = isGenesis || (rounds[0]?.certified ?? isSigned(options, certificate, base))
  const isReproduced = level === 'signatures' || rounds.every((round) => round.fusion === 'reproduced')
  const report: VerifyReport = {
    base: String(base),
    network: String(network.id),
    valid: failures.all.length === 0 && certified && isReproduced,
    certified,
    trusted: isTrusted,
    level,
    rounds,
    failures: failures.all,
    fork: null,
  }
  return { report, facts }
}

/** Each finding once, in the order in which they were made: oldest round first. */
function createFailures(): { readonly all: Failure[]; add(round: number, bad: BadLink): void } {
  const all: Failure[] = []
  return {
    all,
    add: (round, { link, reason }) => {
      const known = all.some((other) => other.round === round && other.link === link && other.reason === reason)
      if (!known) all.push({ round, link, reason })
    },
  }
}

/** For a base whose own blocks are not here: a quorum signed it all the same. */
function isSigned(
  { network, termsAt = () => network }: VerifyBaseOptions,
  certificate: Uint8Array | null,
  base: CID,
): boolean {
  const read =
    certificate === null ? 'missing' : readCertificate(termsAt(statedRound(network, certificate)), certificate)
  return typeof read !== 'string' && equalCids(read.base, base)
}

/** Reads every block of a base that no round before it had. */
async function readFiles({ loaded }: HistoryStep, store: ContentStore, readWeights: CID | null): Promise<BadLink[]> {
  const { weights, card } = loaded.files
  const bad: BadLink[] = []
  for (const file of loaded.files.files) {
    const isCard = card !== null && equalCids(file.cid, card)
    const isNew = equalCids(file.cid, weights.cid) ? !equalCids(weights.cid, readWeights) : isCard
    const unread = isNew ? await readAll(file.cid, file.bytes, store, isCard ? 'card' : 'weights') : null
    if (unread !== null) bad.push(unread)
  }
  return bad
}

type RoundFusion = Reproduction | { readonly fusion: 'unavailable'; readonly bad: null }

async function reproduce(
  { loaded, parent, contents }: HistoryStep,
  genesis: GenesisBase | null,
  store: ContentStore,
): Promise<RoundFusion> {
  // what is missing for it has its own failure: a bad link before this round, or in its lineage
  if (parent === null || contents === null || !genesis?.layout) return { fusion: 'unavailable', bad: null }
  const { layout } = genesis
  const weights = loaded.files.weights.cid
  const stated = loaded.lineage.fusion
  return await reproduceWeights({ layout, store, parent, ...contents, weights, stated })
}
