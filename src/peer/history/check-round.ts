import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { VerifiedRound, VerifyLevel } from '../verify-types.ts'
import type { BadLink } from './bad-link.ts'
import type { Reproduction, RoundToReproduce } from './fusion-findings.ts'
import { type GenesisBase, readAll } from './genesis.ts'
import { reproduceWeights } from './reproduce.ts'
import { type ByFiles, isFusionOfFiles } from './reproduce-files.ts'
import { detailsOf } from './round-details.ts'
import { drawLeaves, type SamplePlan } from './sample.ts'
import { sampleWeights } from './sample-weights.ts'
import type { HistoryStep } from './step.ts'
import { flatText } from './trace.ts'

export interface CheckRoundOptions {
  readonly store: ContentStore
  readonly level: VerifyLevel
  readonly genesis: GenesisBase | null
  /** At level `sample`. */
  readonly sample: SamplePlan | null
  /** At level `full`: null where blocks are not files. */
  readonly byFiles: ByFiles | null
  /** Weights of the round before, which were read. */
  readonly readWeights: CID | null
  /** Whether its details are told. */
  readonly tells: (isBad: boolean) => boolean
}

export interface CheckedRound {
  readonly report: VerifiedRound
  readonly bad: readonly BadLink[]
}

/** What a level asks of a round beyond its signatures, and all that is found. @throws ColdmeshError `aborted` */
export async function checkRound(step: HistoryStep, options: CheckRoundOptions): Promise<CheckedRound> {
  const { loaded, isCertified } = step
  const { level, store, readWeights } = options
  const unread = level === 'full' ? await readFiles(step, store, readWeights) : []
  const fusion = level === 'signatures' ? null : await fuseAgain(step, options)
  const bad = [
    ...step.bad,
    ...unread,
    ...(fusion !== null && 'bad' in fusion && fusion.bad !== null ? [fusion.bad] : []),
  ]
  const report: VerifiedRound = {
    round: loaded.round,
    base: flatText(loaded.base),
    certified: isCertified,
    fusion: fusion?.fusion ?? null,
    inputs: loaded.lineage.inputs.length,
    details: options.tells(bad.length > 0) ? detailsOf(step) : null,
  }
  return { report, bad }
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

async function fuseAgain(
  { loaded, parent, contents }: HistoryStep,
  { genesis, store, sample, byFiles }: CheckRoundOptions,
): Promise<RoundFusion> {
  // what is missing for it has its own failure: a bad link before this round, or in its lineage
  if (parent === null || contents === null || !genesis?.layout) return { fusion: 'unavailable', bad: null }
  const round: RoundToReproduce = {
    ...{ layout: genesis.layout, store, parent, inputs: contents.inputs, rollback: contents.rollback },
    weights: loaded.files.weights.cid,
    stated: loaded.lineage.fusion,
  }
  if (sample === null) {
    const isFast = byFiles !== null && round.inputs.length > 0
    if (isFast && (await isFusionOfFiles(round, byFiles))) return { fusion: 'reproduced' }
    return await reproduceWeights(round)
  }
  return await sampleWeights(round, (leaves) => drawLeaves(sample, { round: loaded.round, leaves }))
}
