import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { evaluateBase } from '../../engines/evaluate-base.ts'
import type { Evaluation } from '../../evaluation/judge-base.ts'
import { type MeanAndError, meanAndError } from '../../evaluation/statistics.ts'
import { chanceOf } from '../../evaluation/student.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import { readModelDirectory } from '../model.ts'
import { openRoundFiles, type RoundFiles, type RoundInput } from './round-files.ts'
import type { BlamedInput, BlameOptions, BlameProgress, BlameReport } from './types.ts'

/** How likely a false verdict is at most, over all contributions of the round together. */
const LEVEL = 0.05

/**
 * Which contributions of a round hurt, by somebody's own data: fuses the round again without each of them in turn, by its own rule, and
 * judges every result alike. Of a model one is in memory at a time; the round's files are on the disk meanwhile.
 * @throws ColdmeshError `block-missing` naming what is not here, `bad-input`, as `evaluateBase` and `fuseModels`
 */
export async function blameInputs(options: BlameOptions): Promise<BlameReport> {
  const { trainer, task, mode = 'frozen', seeds, plan = {}, signal } = options
  const tell = (progress: BlameProgress) => options.onProgress?.(progress)
  await using round = await openRoundFiles(options, (what, done, total) => tell({ step: 'reads', what, done, total }))
  const { entry, folder } = round
  const total = entry.inputs.length + 2

  async function judge(path: string, what: string, done: number): Promise<Evaluation> {
    tell({ step: 'judges', what, done, total })
    const model = await readModelDirectory(path)
    return await evaluateBase({ trainer, model, task, mode, seeds, plan, ...(signal && { signal }) })
  }

  async function judgeFusion(inputs: readonly RoundInput[], what: string, done: number): Promise<Evaluation> {
    tell({ step: 'fuses', what, done, total })
    const out = join(folder, 'fused')
    try {
      await round.fuse(inputs, out)
      return await judge(out, what, done)
    } finally {
      await rm(out, { recursive: true, force: true })
    }
  }

  const before = await judge(round.parent, 'the parent', 0)
  const all = await judgeFusion(entry.inputs, 'all', 1)
  const inputs: BlamedInput[] = []
  for (const [i, input] of entry.inputs.entries()) {
    const others = entry.inputs.filter((other) => other !== input)
    const without =
      others.length === 0 ? before : await unlessNeeded(() => judgeFusion(others, input.id, i + 2), round, others)
    inputs.push(blamed(input, without, { all, before, count: entry.inputs.length }))
  }
  const harm = ({ difference }: BlamedInput) => difference?.mean ?? Number.NEGATIVE_INFINITY
  return {
    ...{ base: entry.base, round: entry.round, parent: entry.parent, rule: entry.rule },
    ...{ task: task.name, mode, metric: all.metric, seeds, rows: all.rows, testRows: all.testRows },
    ...{ all: spread(all.values), before: spread(before.values) },
    inputs: inputs.sort((a, b) => harm(b) - harm(a)),
  }
}

/** Null where the rule takes no fewer inputs. */
async function unlessNeeded(
  judge: () => Promise<Evaluation>,
  { entry }: RoundFiles,
  others: readonly RoundInput[],
): Promise<Evaluation | null> {
  try {
    return await judge()
  } catch (error) {
    const isTooFew = isColdmeshError(error, 'bad-input') && entry.rule.startsWith('trimmed-mean/1')
    if (!isTooFew || !error.message.includes(`${others.length} inputs are too few`)) throw error
    return null
  }
}

const spread = (values: readonly number[]): MeanAndError => meanAndError(values)

/** Seed by seed: the same seed draws the same head, batches and rows for all. */
function difference(a: readonly number[], b: readonly number[]): MeanAndError {
  return meanAndError(a.map((value, seed) => value - (b[seed] ?? 0)))
}

function blamed(
  { id, author, task, dataset }: RoundInput,
  without: Evaluation | null,
  { all, before, count }: { readonly all: Evaluation; readonly before: Evaluation; readonly count: number },
): BlamedInput {
  const about = { id, author, task, dataset }
  if (without === null)
    return { ...about, without: null, difference: null, toParent: null, chance: null, verdict: 'needed' }
  const toAll = difference(without.values, all.values)
  const seeds = all.values.length
  // Scores come in steps of a row: seeds that agree to the row say no more than that.
  const noise = Math.max(toAll.standardError, 1 / (all.testRows * Math.sqrt(seeds)))
  const chance = seeds < 2 ? null : chanceOf(toAll.mean / noise, seeds - 1)
  const isClear = chance !== null && chance * count < LEVEL
  return {
    ...about,
    without: spread(without.values),
    difference: toAll,
    toParent: difference(without.values, before.values),
    chance,
    verdict: isClear ? (toAll.mean > 0 ? 'hurts' : 'helps') : 'unclear',
  }
}
