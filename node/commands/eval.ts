import { existsSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createTrainer, EVALUATION_MODES, type EvaluationMode, type ReportEntry } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { defined } from '../defined.ts'
import { BASELINES, trainBaselines } from '../eval/baselines.ts'
import { type BaselineName, type Candidate, openBases } from '../eval/bases.ts'
import { type Judged, judgeAll } from '../eval/judge.ts'
import { plotMeans } from '../eval/plot.ts'
import { openPublisher } from '../eval/publish.ts'
import { resultObject } from '../eval/result.ts'
import { runScore } from '../eval/score.ts'
import { meansOf } from '../eval/summary.ts'
import { formatTables } from '../eval/table.ts'
import { readEvalTasks } from '../eval/tasks.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { withReadingLine } from '../text/reading.ts'
import { dirOf } from './data-dir.ts'
import type { DatasetOption } from './dataset.ts'
import { type PlanOption, trainerOptionsOf } from './training.ts'

type Options =
  | 'dir'
  | 'data'
  | 'test'
  | DatasetOption
  | 'task'
  | 'tasks'
  | 'mode'
  | 'seeds'
  | 'evalRounds'
  | 'baseline'
  | 'base'
  | 'headFile'
  | Exclude<PlanOption, 'evaluateEvery' | 'patience' | 'recipe' | 'time' | 'epochs'>
  | 'engine'
  | 'threads'
  | 'plot'
  | 'report'

export const runEval: Run<Options> = async (call) => {
  const { args, options, output, signal } = call
  if (options.headFile !== undefined) return await runScore(call, () => dirOf(options))
  const startedAt = performance.now()
  const modes = chosen('--mode', options.mode, EVALUATION_MODES)
  const baselines = options.baseline === undefined ? [] : chosen('--baseline', options.baseline, BASELINES)
  const seeds = Array.from({ length: options.seeds }, (_, index) => (options.seed ?? 1) + index)
  const plot = options.plot === undefined ? null : plotPath(options.plot)
  const tasks = await withReadingLine(output, (onRead) => readEvalTasks(options, onRead))
  const publish = options.report ? await openPublisher(dirOf(options), { seeds, tasks, signal }) : null
  await using bases = await openBases({ targets: args, dir: () => dirOf(options), rounds: options.evalRounds, signal })
  const trainer = await createTrainer(trainerOptionsOf(options, { output }))
  try {
    const plan = planOf(call)
    const others = await trainBaselines({
      trainer,
      bases,
      baselines,
      base: options.base,
      tasks,
      plan,
      seeds,
      output,
      signal,
    })
    const candidates = withLabels([...bases.candidates, ...others])
    const reports: ReportEntry[] = []
    const unpublished: unknown[] = []
    const onJudged = async (each: Judged): Promise<void> => {
      try {
        const report = publish === null ? null : await publish(each)
        if (report !== null) reports.push(report)
      } catch (error) {
        // Hours of work are not lost with a daemon: the results come first, then this.
        if (signal.aborted) throw error
        unpublished.push(error)
      }
    }
    const judged = await judgeAll({ trainer, candidates, tasks, modes, seeds, plan, onJudged, output, signal })
    const means = meansOf(judged)
    if (plot !== null) writeFileSync(plot, plotMeans(means))
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10
    output.result(resultObject({ judged, means, candidates, tasks, seeds, seconds, plot, reports }), () =>
      [
        '',
        formatTables(judged, means, output.colors),
        '',
        `test ${metricsOf(judged)}${seeds.length < 2 ? ' of one seed' : `: mean ± standard error over ${seeds.length} seeds`}; same rows and budget for every base`,
        ...(publish === null ? [] : [`${reports.length} report(s) signed and announced`]),
        ...(plot === null ? [] : [`chart: ${show(plot)}`]),
      ].join('\n'),
    )
    if (unpublished.length > 0) throw unpublished[0]
    return EXIT.done
  } finally {
    await trainer.stop()
  }
}

function planOf({ options }: Pick<Call<Options>, 'options'>) {
  const { freeze, metric, positive, learningRate, headRate, steps, batch, accumulation, maxTokens } = options
  return defined({ freeze, metric, positive, learningRate, headRate, steps, batch, accumulation, maxTokens })
}

/** What the tables show: each task's metric. */
function metricsOf(judged: readonly Judged[]): string {
  return [...new Set(judged.map(({ metric }) => metric))].join(', ')
}

function chosen<Name extends EvaluationMode | BaselineName>(
  flag: string,
  text: string,
  names: readonly Name[],
): readonly Name[] {
  const wanted = text.split(',').map((part) => part.trim())
  const found = names.filter((name) => wanted.includes(name))
  if (found.length === wanted.length) return found
  throw new CliError('bad-input', `${flag} takes one or more of ${names.join(', ')}, not "${text}".`, {
    hint: 'Separate them by commas, each once.',
  })
}

/** Checked before hours of work, not after. */
function plotPath(path: string): string {
  const full = resolve(path)
  if (existsSync(dirname(full))) return full
  throw new CliError('bad-input', `${dirname(full)}, where the chart should go, is not there.`, {
    hint: 'Make the folder first, or choose another --plot.',
  })
}

/** Bases of one name get a number. */
function withLabels(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.map((candidate, index) => {
    const before = candidates.slice(0, index).filter(({ label }) => label === candidate.label).length
    return before === 0 ? candidate : { ...candidate, label: `${candidate.label} (${before + 1})` }
  })
}
