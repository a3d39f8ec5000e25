import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  type ChosenPlan,
  createTrainer,
  openTrainingData,
  readHead,
  type Trained,
  type TrainingProgress,
  train,
} from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { defined } from '../defined.ts'
import { directoryOfBase } from '../eval/base-directory.ts'
import { createStatusLine } from '../eval/status-line.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { describePlan } from '../text/plan.ts'
import { withReadingLine } from '../text/reading.ts'
import { percent } from '../text/spread.ts'
import { megabytes } from '../text/store.ts'
import { duration } from '../text/wait.ts'
import { dirOf } from './data-dir.ts'
import { type DatasetOption, datasetOptionsOf } from './dataset.ts'
import { type PlanOption, planOf, snapshotsOf, trainerOptionsOf } from './training.ts'

type Options =
  | 'dir'
  | 'base'
  | 'data'
  | DatasetOption
  | 'task'
  | 'headFile'
  | 'out'
  | PlanOption
  | 'engine'
  | 'threads'
  | 'snapshotEvery'
  | 'keep'

export const runTrain: Run<Options> = async (call) => {
  const { options, output, signal } = call
  const { data, task, headFile } = options
  if (data === undefined) {
    throw new CliError('bad-input', 'It is not said what to train on.', { hint: 'Add --data FILE.' })
  }
  const out = outOf(options)
  const dir = dirOf(options)
  const read = { ...datasetOptionsOf(options), ...defined({ name: task }) }
  const dataset = await withReadingLine(output, (onRead) => openTrainingData(resolve(data), { ...read, onRead }))
  const head = headFile === undefined ? null : await readHead(resolve(headFile))
  await using base = await directoryOfBase(options.base, { dir: () => dir, signal })
  const trainer = await createTrainer(trainerOptionsOf(options, { output, keep: options.keep }))
  const progress = createProgress(call)
  try {
    output.progress(
      { event: 'engine', engine: trainer.name, device: trainer.device, passedOver: trainer.passedOver ?? [] },
      () => `trains with ${show(trainer.name)} on ${show(trainer.device)}: ${dataset.examples.length} rows`,
    )
    const training = {
      ...{ base: base.path, dataset, head, out, trainer, signal },
      plan: planOf(options),
      recipe: options.recipe,
      onPlan: (chosen: ChosenPlan) => output.progress({ event: 'plan', ...chosen }, () => describePlan(chosen)),
      onProgress: progress.tell,
      ...snapshotsOf(options),
    }
    const trained = await withReadingLine(output, (onRead) => train({ ...training, onRead }))
    progress.clear()
    output.result(resultOf(trained), () => linesOf(trained).join('\n'))
    return EXIT.done
  } finally {
    progress.clear()
    await trainer.stop()
  }
}

/** Looked at before hours of work, not after. */
function outOf({ out }: Pick<Call<Options>['options'], 'out'>): string {
  if (out === undefined) {
    throw new CliError('bad-input', 'It is not said where the files should go.', { hint: 'Add --out DIR.' })
  }
  const path = resolve(out)
  if (!existsSync(path)) return path
  throw new CliError('bad-input', `${path} is there already.`, { hint: 'Choose an --out that does not exist yet.' })
}

/** A line for each evaluation; on a terminal also one that is written over. */
function createProgress({ output }: Pick<Call<Options>, 'output'>) {
  const status = createStatusLine(output)
  const tell = (progress: TrainingProgress): void => {
    const { step, steps, loss, tokensPerSecond, secondsLeft, validation, isResumed } = progress
    const at = `step ${step} of ${steps}`
    const line = isResumed ? `resumes at ${at}` : `${at}, loss ${loss.toFixed(3)}`
    if (validation === undefined && !isResumed) {
      status.show(
        `${line}, ${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s, about ${duration(secondsLeft * 1_000)} left`,
      )
      if (output.json) output.progress({ event: 'training', ...progress }, () => null)
      return
    }
    status.clear()
    const scored = validation === undefined ? '' : `, held-out ${validation.metric} ${percent(validation.score)}`
    output.progress({ event: isResumed ? 'resumed' : 'training', ...progress }, () => line + scored)
  }
  return { tell, clear: () => status.clear() }
}

function resultOf({ head, ...trained }: Trained): object {
  return { ...trained, labels: head.labels }
}

function linesOf({ out, steps, seconds, rows, validation, peakMemoryBytes }: Trained): string[] {
  const { metric, before, after } = validation
  const from = before === null ? '' : `from ${percent(before)} to `
  const memory = peakMemoryBytes === null ? '' : `, ${megabytes(peakMemoryBytes)} of memory at most`
  return [
    `trained on ${rows} rows for ${steps} steps in ${seconds.toFixed(1)} s${memory}`,
    `held-out ${metric} ${from}${percent(after)} on ${validation.rows} rows`,
    `model and head.safetensors in ${show(out)}`,
  ]
}
