import { resolve } from 'node:path'
import { createTrainer, type Evaluated, evaluate, openExamples, readHead } from 'coldmesh'
import type { Call } from '../command.ts'
import { type DatasetOption, datasetOptionsOf } from '../commands/dataset.ts'
import { trainerOptionsOf } from '../commands/training.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import type { OptionName } from '../options.ts'
import { withReadingLine } from '../text/reading.ts'
import { percent } from '../text/spread.ts'
import { directoryOfBase } from './base-directory.ts'

type Options = Extract<
  OptionName,
  'base' | 'headFile' | 'data' | DatasetOption | 'maxTokens' | 'metric' | 'positive' | 'engine' | 'threads'
>

/** Scores one head on one file, with nothing trained. */
export async function runScore(call: Omit<Call<Options>, 'args'>, dir: () => string): Promise<number> {
  const { options, output, signal } = call
  const { headFile, data, maxTokens, metric, positive } = options
  if (headFile === undefined || data === undefined) {
    throw new CliError('bad-input', 'A head is scored on rows.', { hint: 'Give --head FILE and --data FILE.' })
  }
  const head = await readHead(resolve(headFile))
  const examples = await withReadingLine(output, (onRead) =>
    openExamples(resolve(data), head, { ...datasetOptionsOf(options), onRead }),
  )
  await using base = await directoryOfBase(options.base, { dir, signal })
  const trainer = await createTrainer(trainerOptionsOf(options, { output }))
  try {
    const asked = { base: base.path, head, examples, trainer, signal, ...defined({ maxTokens, metric, positive }) }
    const scored = await withReadingLine(output, (onRead) => evaluate({ ...asked, onRead }))
    const result = { ...scored, trainer: trainer.name, device: trainer.device }
    output.result(result, () => linesOf(scored).join('\n'))
    return EXIT.done
  } finally {
    await trainer.stop()
  }
}

/** The metric that was asked for first, then the others. */
function linesOf({ rows, metric, score, scores }: Evaluated): string[] {
  const others = Object.entries(scores).filter(([name]) => name !== metric)
  const shown = (name: string, value: number) => (name === 'mean-squared-error' ? value.toPrecision(4) : percent(value))
  return [
    `${metric} ${percent(score)} on ${rows} rows`,
    ...others.map(([name, value]) => `${name} ${shown(name, value)}`),
  ]
}
