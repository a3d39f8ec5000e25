import { toHex } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { VerifyLevel } from '../verify-types.ts'
import { type BadLink, isAbsent } from './bad-link.ts'
import { type CheckedRound, type CheckRoundOptions, checkRound } from './check-round.ts'
import { openGenesisBase } from './genesis.ts'
import { openProgress, type Progress } from './progress-file.ts'
import { randomSeed, type SamplePlan } from './sample.ts'
import type { HistoryStep } from './step.ts'
import type { VerifyBaseOptions } from './verify.ts'

/** What earlier runs of the same verification finished, and where this one notes what it finishes. Nothing, unless the caller names a file. */
export async function openFinished(
  { resume, network, base }: VerifyBaseOptions,
  level: VerifyLevel,
  asked: { readonly seed: Uint8Array | null; readonly leaves: number } | null,
): Promise<Progress> {
  if (resume === undefined) return NOTHING
  const sample = asked && { seed: asked.seed && toHex(asked.seed), leaves: asked.leaves }
  const names = { by: resume.by, network: String(network.id), base: String(base) }
  return await openProgress(resume.file, { ...names, level, sample }, toHex(asked?.seed ?? randomSeed()))
}

const NOTHING: Progress = {
  finished: new Map(),
  seed: null,
  add: async () => {},
  [Symbol.asyncDispose]: async () => {},
}

/** Opens the genesis' base; what an earlier run read of it is not read again. */
export async function checkGenesis(
  network: NetworkFacts,
  store: ContentStore,
  level: VerifyLevel,
  progress: Progress,
): Promise<Awaited<ReturnType<typeof openGenesisBase>>> {
  const before = progress.finished.get(0)
  if (before !== undefined) {
    const opened = await openGenesisBase(network, store, level === 'full' ? 'sample' : level)
    return { ...opened, bad: [...before.bad, ...opened.bad] }
  }
  const opened = await openGenesisBase(network, store, level)
  if (opened.base !== null && !opened.bad.some(isAbsent)) {
    const names = { round: 0, base: String(network.genesis.base), certificate: null }
    await progress.add({ ...names, holds: true, bad: opened.bad, report: null })
  }
  return opened
}

/** What was found in a round: by an earlier run, or now. */
export async function findingsOf(
  step: HistoryStep,
  checks: CheckRoundOptions,
  progress: Progress,
): Promise<CheckedRound> {
  const before = step.isCovered ? progress.finished.get(step.loaded.round) : undefined
  if (before?.report) return { report: before.report, bad: before.bad }
  const checked = await checkRound(step, checks)
  if (isFinal(step, checked)) {
    const { report, bad } = checked
    const { round, base } = report
    const holds = step.head !== null
    await progress.add({ round, base, certificate: step.certificateName, holds, bad, report })
  }
  return checked
}

/** What is missing here may be there the next time; nothing else changes what is found. */
function isFinal({ parent }: HistoryStep, { report, bad }: CheckedRound): boolean {
  return parent !== null && report.fusion !== 'unavailable' && !bad.some((link: BadLink) => isAbsent(link))
}

/** The plan of a sample, with the seed that was asked for, that of the file, or a new one. */
export function planSample(
  asked: { readonly seed: Uint8Array | null; readonly leaves: number } | null,
  { seed }: Pick<Progress, 'seed'>,
): SamplePlan | null {
  if (asked === null) return null
  const kept = seed === null ? null : Uint8Array.from(Buffer.from(seed, 'hex'))
  return { seed: asked.seed ?? kept ?? randomSeed(), leaves: asked.leaves }
}
