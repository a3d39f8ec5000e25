import type { Example, Label, TaskType } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Model, TrainingPlan } from '../../ports/trainer.ts'
import { readEncoderConfig } from '../../training/encoders/read-config.ts'
import { labelName } from '../../training/labels.ts'
import { splitExamples } from '../../training/split.ts'
import { createTextEncoder, type TextEncoder } from '../../training/text-encoder.ts'
import { createLengthSample, type Lengths } from './lengths.ts'
import { placesOf, surveyValidation } from './open.ts'
import type { DatasetFormat } from './open-rows.ts'
import { createProblemList, type Problems } from './problems.ts'
import { createRepetitionCounter, type Repetitions } from './repetitions.ts'
import { type DatasetOptions, faultsOf, type Survey, surveyFile } from './survey.ts'

const SHOWN_ROWS = 5
/** A label with fewer rows than this share of what an equal share would be is hardly learned. */
const EXTREME_IMBALANCE = 0.1

/** A row as the model sees it. */
export interface ShownRow {
  readonly line: number
  readonly text: string
  readonly pair: string | null
  readonly label: Label
  /** The outputs that should answer: an index among the labels, several, or the number. */
  readonly target: number | readonly number[]
  /** With special tokens; null without a tokenizer. */
  readonly tokens: readonly string[] | null
}

/** What a dataset is, and what is wrong with it. */
export interface DatasetReport {
  readonly path: string
  readonly format: DatasetFormat
  /** What its rows are numbered by. */
  readonly unit: 'line' | 'row' | 'file'
  readonly columns: {
    readonly present: readonly string[]
    readonly text: string
    readonly pair: string | null
    readonly label: string
  }
  readonly task: TaskType
  /** Why, where the type was not given. */
  readonly guessedBecause: string | null
  /** Rows that can be used. */
  readonly rows: number
  /** Rows left out since they have no label. */
  readonly skipped: number
  /** The commonest first. */
  readonly labels: readonly { readonly label: string; readonly rows: number; readonly share: number }[]
  /** The rarest label has far fewer rows than an equal share. */
  readonly isImbalanced: boolean
  /** Of a regression. */
  readonly numbers: { readonly min: number; readonly max: number; readonly mean: number } | null
  readonly repetitions: Repetitions
  readonly lengths: Lengths | null
  /** Rows to train on and to validate with; from a file, or held out by a hash (of a file too large for memory: about). */
  readonly split: { readonly training: number; readonly validation: number; readonly from: 'file' | 'hash' } | null
  readonly shown: readonly ShownRow[]
  readonly problems: Problems
}

export interface InspectOptions extends DatasetOptions {
  /** Whose tokenizer is used; absent: words are counted. */
  readonly model?: Pick<Model, 'config' | 'tokenizer' | 'tokenizerConfig'>
  readonly plan: Pick<TrainingPlan, 'maxTokens' | 'validationFraction' | 'seed'>
}

/**
 * Reads a dataset as a training would, and tells what it finds. What is wrong with rows is listed; only what can't be read at all is an error.
 *
 * @throws ColdmeshError `bad-input` for a file or columns that aren't there, `bad-model` for a tokenizer that can't be used
 */
export async function inspectDataset(
  path: string,
  { model, plan, ...options }: InspectOptions,
): Promise<DatasetReport> {
  const places = await placesOf(path, options)
  const encoders = model === undefined ? null : openEncoders(model, plan.maxTokens)
  const problems = createProblemList()
  const repetitions = createRepetitionCounter()
  const lengths = createLengthSample(encoders === null ? 'words' : 'tokens', plan.maxTokens)
  const first: { readonly example: Example; readonly line: number }[] = []
  const numbers = createSpan()
  const survey = await surveyFile(places.training, options, {
    onBad: problems.add,
    onRow: ({ example, row: { line } }, key) => {
      repetitions.add(key(), labelName(example.label), line)
      lengths.add(() => (encoders === null ? wordsOf(example) : encoders.whole.encode(example).ids.length))
      if (first.length < SHOWN_ROWS) first.push({ example, line })
      numbers.add(Number(example.label))
    },
  })
  for (const fault of faultsOf(survey, { hasValidation: places.validation !== null })) problems.add(fault)
  const { task, columns, file, rows } = survey
  const labels = sharesOf(survey)
  const names = [...survey.labels.keys()]
  return {
    path,
    format: file.format,
    unit: file.unit,
    columns: { present: file.columns, text: columns.text, pair: columns.pair ?? null, label: columns.label },
    task,
    guessedBecause: survey.guessedBecause,
    rows,
    skipped: survey.skipped,
    labels,
    isImbalanced: labels.length > 1 && (labels.at(-1)?.share ?? 1) < EXTREME_IMBALANCE / labels.length,
    numbers: task === 'regression' ? numbers.span() : null,
    repetitions: repetitions.repetitions(),
    lengths: lengths.lengths(),
    split: await splitOf(survey, places.validation, options, plan, problems.add),
    shown: first.map(({ example, line }, index) => {
      const { text, pair = null, label } = survey.examples?.[index] ?? example
      const tokens = encoders?.cut.tokens(example) ?? null
      return { line, text, pair, label, target: targetOf(label, names), tokens }
    }),
    problems: problems.problems(),
  }
}

/** One that cuts texts as training does, and one that doesn't. */
function openEncoders(
  model: NonNullable<InspectOptions['model']>,
  maxTokens: number,
): Record<'cut' | 'whole', TextEncoder> {
  const config = readEncoderConfig(model.config)
  return {
    cut: createTextEncoder(model, { ...config, maxTokens: Math.min(maxTokens, config.maxPositions) }),
    whole: createTextEncoder(model, { ...config, maxTokens: Number.MAX_SAFE_INTEGER }),
  }
}

function wordsOf({ text, pair = '' }: Example): number {
  return `${text} ${pair}`.trim().split(/\s+/).length
}

function sharesOf({ labels, rows }: Survey): DatasetReport['labels'] {
  return [...labels]
    .map(([label, count]) => ({ label, rows: count.rows, share: count.rows / rows }))
    .sort((a, b) => b.rows - a.rows)
}

function targetOf(label: Label, names: readonly string[]): number | readonly number[] {
  if (typeof label === 'number') return label
  return typeof label === 'string' ? names.indexOf(label) : label.map((one) => names.indexOf(one))
}

async function splitOf(
  survey: Survey,
  validation: string | null,
  options: DatasetOptions,
  { validationFraction: fraction, seed }: InspectOptions['plan'],
  onBad: (error: ColdmeshError) => void,
): Promise<DatasetReport['split']> {
  if (validation !== null) {
    try {
      const { rows } = await surveyValidation(validation, survey, options)
      return { training: survey.rows, validation: rows, from: 'file' }
    } catch (error) {
      if (!(error instanceof ColdmeshError)) throw error
      onBad(error)
      return null
    }
  }
  const { examples, rows } = survey
  const heldOut =
    examples === null ? Math.round(rows * fraction) : splitExamples(examples, { fraction, seed }).validation.length
  return { training: rows - heldOut, validation: heldOut, from: 'hash' }
}

function createSpan() {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let sum = 0
  let count = 0
  return {
    add(value: number): void {
      min = Math.min(min, value)
      max = Math.max(max, value)
      sum += value
      count++
    },
    span: () => (count === 0 ? null : { min, max, mean: sum / count }),
  }
}
