import type { Example, ExampleSource, Label, LabelRules, TaskType } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { statPath } from './bytes.ts'
import { createCensus, type LabelCount } from './census.ts'
import { type ColumnOptions, type Columns, chooseColumns } from './columns.ts'
import { eachExample, type PlacedExample, textKey, UNLABELLED } from './examples.ts'
import { type DatasetFormat, openRows } from './open-rows.ts'
import { createReadMeter, type OnRead } from './read-meter.ts'
import type { RowFile } from './row-reader.ts'
import { splitLabels } from './values.ts'

const MAX_LABELS = 1_000
/** Texts of more characters than this stay in their file. */
export const MEMORY_CHARACTERS = 128 * 1024 ** 2
const SHOWN_LABELS = 5

export interface DatasetOptions extends ColumnOptions {
  /** The dataset's name; absent: the file's, without its extension. */
  readonly name?: string
  /** Between values of a table; absent: a tab for .tsv, a comma otherwise. */
  readonly delimiter?: string
  /** Absent: guessed. */
  readonly taskType?: TaskType
  /** Names of labels by what the file says. */
  readonly labelMap?: Readonly<Record<string, string>>
  /** Between the labels of one value: makes the task `multi-label`. Absent: |, where the task is `multi-label`. */
  readonly labelSeparator?: string
  /** Rows without a label (empty, -1 or -) are left out. */
  readonly skipUnlabelled?: boolean
  /** A file or folder of held-out rows, of the same columns and labels. */
  readonly validation?: string
  /** Told while a file is read. */
  readonly onRead?: OnRead
}

/** What a first reading of a file tells. */
export interface Survey {
  readonly file: RowFile & { readonly format: DatasetFormat }
  readonly columns: Columns
  /** How to read the file from now on. */
  readonly source: ExampleSource
  readonly task: TaskType
  readonly guessedBecause: string | null
  readonly labels: ReadonlyMap<string, LabelCount>
  /** Rows with a label; of them, characters of text. */
  readonly rows: number
  readonly characters: number
  /** Rows left out since they have no label. */
  readonly skipped: number
  readonly isOverfull: boolean
  /** The rows; null when they have more text than memory should hold. */
  readonly examples: readonly Example[] | null
}

/**
 * Reads a file once, from start to end: what its columns and labels are, and how many rows there are.
 *
 * @param watch is told what is wrong with rows (absent: the first is an error), and sees each good row
 * @throws ColdmeshError `bad-input`
 */
export async function surveyFile(
  path: string,
  options: DatasetOptions,
  watch: {
    readonly onBad?: (error: ColdmeshError) => void
    /** More text is not kept. */
    readonly memoryCharacters?: number
    readonly onRow?: (row: PlacedExample, key: () => number) => void
  } = {},
): Promise<Survey> {
  const { size: bytes, mtimeMs: modifiedMs } = await statPath(path)
  const file = await openRows(path, options.delimiter)
  if (file.columns.length === 0) throw noRows(path)
  const columns = chooseColumns(path, file.columns, options)
  const given = givenTask(options)
  const rules: LabelRules = {
    task: given,
    separator: options.labelSeparator ?? null,
    labelMap: options.labelMap ?? (given === 'regression' ? null : namesIn(file, columns.label)),
    skipUnlabelled: options.skipUnlabelled ?? false,
  }
  const { text, pair = null, label } = columns
  const reading = { path, delimiter: options.delimiter ?? null, text, pair, label, rules, bytes, modifiedMs }
  const meter = createReadMeter({ path, totalBytes: file.unit === 'file' ? null : bytes }, options.onRead)
  const census = createCensus()
  const { memoryCharacters = MEMORY_CHARACTERS } = watch
  let kept: Example[] | null = []
  let rows = 0
  let characters = 0
  let skipped = 0
  for await (const read of eachExample(file, reading, { onBad: watch.onBad, onPosition: meter.at })) {
    meter.row()
    if (read === UNLABELLED) {
      skipped++
      continue
    }
    const { example, row } = read
    let known: number | null = null
    const key = () => {
      known ??= textKey(example)
      return known
    }
    rows++
    characters += example.text.length + (example.pair?.length ?? 0)
    if (characters > memoryCharacters) kept = null
    kept?.push(example)
    census.add(example.label, row.line, key)
    watch.onRow?.(read, key)
  }
  const kind = census.kind(given)
  const { task, guessedBecause } = kind
  const labels = census.counts(kind)
  const labelRows = Array.from(labels, ([label, { rows }]) => [label, rows] as const)
  return {
    file,
    columns,
    source: { ...reading, rules: { ...rules, task }, labelRows },
    task,
    guessedBecause,
    labels,
    rows,
    characters,
    skipped,
    isOverfull: census.isOverfull,
    examples: kept?.map((example) => ({ ...example, label: settledLabel(example.label, task) })) ?? null,
  }
}

/** The names that a file itself has for the numbers in its label column. */
function namesIn({ classNames }: RowFile, label: string): LabelRules['labelMap'] {
  const names = classNames?.get(label)
  return names === undefined ? null : Object.fromEntries(names.entries())
}

/** What a label is that was read before its type was known. */
function settledLabel(label: Label, task: TaskType): Label {
  if (typeof label !== 'string') return label
  if (task === 'regression') return Number(label)
  return task === 'multi-label' ? [...new Set(splitLabels(label))].sort() : label
}

/** What keeps rows from training a model, the first first. */
export function* faultsOf(
  survey: Survey,
  { hasValidation }: { readonly hasValidation: boolean },
): Generator<ColdmeshError> {
  const { path, unit } = survey.file
  const { task, rows, labels, skipped } = survey
  if (rows === 0) {
    yield noRows(path, skipped)
    return
  }
  if (task === 'regression') return
  const [only] = labels.keys()
  if (labels.size === 0)
    yield badDataset(path, 'has no label in any row', 'Check that the label column is the right one.')
  if (task === 'single-label' && labels.size === 1) {
    yield badDataset(
      path,
      `has one label only, ${JSON.stringify(only)}`,
      'A classifier needs rows of at least two labels.',
    )
  }
  if (labels.size > MAX_LABELS) {
    const count = survey.isOverfull ? `more than ${labels.size}` : labels.size
    const problem = `has ${count} different labels, at most ${MAX_LABELS} are supported`
    yield badDataset(
      path,
      problem,
      'Check that the label column is the right one, or choose the task type regression if labels are numbers.',
    )
    return
  }
  const rare = [...labels].filter(([, { hasSeveralTexts }]) => !hasSeveralTexts)
  if (task === 'single-label' && !hasValidation && rare.length > 0) {
    const shown = rare
      .slice(0, SHOWN_LABELS)
      .map(([label, { line }]) => `${JSON.stringify(label)}${unit === 'file' ? '' : ` (${unit} ${line})`}`)
    yield badDataset(
      path,
      `has ${rare.length} label(s) with a single text: ${shown.join(', ')}${rare.length > SHOWN_LABELS ? ', ...' : ''}`,
      'Give at least two different texts of each label, one to learn from and one to validate with, or leave such labels out.',
    )
  }
}

/** @throws ColdmeshError `bad-input` when what is said of labels contradicts itself */
function givenTask({ taskType: task, labelSeparator }: DatasetOptions): TaskType | null {
  if (labelSeparator === undefined) return task ?? null
  if (labelSeparator !== '' && (task ?? 'multi-label') === 'multi-label') return 'multi-label'
  const problem =
    labelSeparator === '' ? 'A separator of labels has no characters' : `A ${task} task has no separator of labels`
  throw new ColdmeshError('bad-input', problem, {
    hint: 'Leave the separator out, or choose the task type multi-label.',
  })
}

function noRows(path: string, skipped = 0): ColdmeshError {
  const without = skipped === 0 ? '' : ` (${skipped} without a label were left out)`
  return badDataset(path, `has no rows${without}`, 'Give a file with a row for each text and its label.')
}

function badDataset(path: string, problem: string, hint: string): ColdmeshError {
  return new ColdmeshError('bad-dataset', `${path} ${problem}`, { facts: { path }, hint })
}
