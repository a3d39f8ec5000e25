import { join } from 'node:path'
import type { TrainerOptions, TrainingPlan } from 'coldmesh'
import { defined } from '../defined.ts'
import type { OptionValues } from '../options.ts'
import { show } from '../text/escape.ts'
import type { Output } from '../text/output.ts'

export type PlanOption =
  | 'recipe'
  | 'time'
  | 'epochs'
  | 'freeze'
  | 'metric'
  | 'positive'
  | 'learningRate'
  | 'headRate'
  | 'steps'
  | 'batch'
  | 'accumulation'
  | 'maxTokens'
  | 'evaluateEvery'
  | 'patience'
  | 'seed'

/** How often a training is saved, in the library's words. */
export function snapshotsOf({ snapshotEvery }: OptionValues<'snapshotEvery'>): { snapshotEveryMs?: number } {
  return snapshotEvery === undefined ? {} : { snapshotEveryMs: Math.round(snapshotEvery * 1000) }
}

/** What the flags say about the plan; the recipe chooses the rest. */
export function planOf(options: OptionValues<PlanOption>): Partial<TrainingPlan> {
  const { time: maxSeconds, epochs, freeze, metric, positive, learningRate, headRate, steps } = options
  const { batch, accumulation, maxTokens, evaluateEvery, patience, seed } = options
  return defined({
    ...{ maxSeconds, epochs, freeze, metric, positive, learningRate, headRate, steps },
    ...{ batch, accumulation, maxTokens, evaluateEvery, patience, seed },
  })
}

/** What trains. A program's files are in the data directory, if there is one; what it prints is shown. */
export function trainerOptionsOf(
  { engine, threads }: OptionValues<'engine' | 'threads'>,
  { output, dataDir, keep }: { readonly output: Output; readonly dataDir?: string; readonly keep?: boolean },
): TrainerOptions {
  const onText = (text: string) => output.progress({ event: 'program', text }, () => show(text))
  const program = { onText, ...defined({ keep }), ...(dataDir === undefined ? {} : { dir: join(dataDir, 'command') }) }
  return { engine, program, ...defined({ threads }) }
}
