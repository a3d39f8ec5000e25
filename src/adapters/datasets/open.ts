import { basename } from 'node:path'
import type { Dataset, Example, Examples, TaskType } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { splitFolders } from './folder.ts'
import { rowError } from './row-reader.ts'
import { type DatasetOptions, faultsOf, MEMORY_CHARACTERS, type Survey, surveyFile } from './survey.ts'

export interface OpenedDataset<Rows extends Examples = readonly Example[]> extends Dataset<Rows> {
  /** Rows left out since they have no label. */
  readonly skipped?: number
}

/**
 * Reads a dataset into memory: a .csv, .tsv, .jsonl or .parquet file, any of them packed by gzip, or a folder of text files by class.
 *
 * @throws ColdmeshError `bad-input` for a file that can't be read as that, with the line; `bad-dataset` for rows that can't train a model;
 *   `too-large` for more text than memory should hold
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<OpenedDataset> {
  const { survey, validation, facts } = await surveyDataset(path, options)
  return {
    ...facts,
    examples: inMemory(survey),
    ...(validation === null ? {} : { validation: inMemory(validation) }),
  }
}

/**
 * Opens a dataset, however large: the rows of a file with more text than memory should hold stay there.
 *
 * @param memoryCharacters text of more characters stays in its file
 * @throws ColdmeshError as `openDataset`, but for `too-large`
 */
export async function openTrainingData(
  path: string,
  { memoryCharacters, ...options }: DatasetOptions & { readonly memoryCharacters?: number } = {},
): Promise<OpenedDataset<Examples>> {
  const { survey, validation, facts } = await surveyDataset(path, options, memoryCharacters)
  return {
    ...facts,
    examples: rowsOf(survey),
    ...(validation === null ? {} : { validation: rowsOf(validation) }),
  }
}

/** The rows of a survey, in memory or in their file. */
export function rowsOf({ examples, rows, source }: Survey): Examples {
  return examples ?? { length: rows, source }
}

/** Both files of a dataset, read once. */
export async function surveyDataset(path: string, options: DatasetOptions, memoryCharacters = MEMORY_CHARACTERS) {
  const places = await placesOf(path, options)
  const survey = await surveyFile(places.training, options, { memoryCharacters })
  const [fault] = faultsOf(survey, { hasValidation: places.validation !== null })
  if (fault !== undefined) throw fault
  const validation =
    places.validation === null
      ? null
      : await surveyValidation(places.validation, survey, { ...options, memoryCharacters })
  const { task, labels, skipped } = survey
  const facts = {
    name: options.name ?? nameOf(path),
    ...(task === 'single-label' ? {} : { task }),
    labels: [...labels.keys()],
    ...(skipped === 0 ? {} : { skipped }),
  }
  return { survey, validation, facts }
}

/** The file or folder to train on, and the one to validate with. */
export async function placesOf(
  path: string,
  { validation }: Pick<DatasetOptions, 'validation'>,
): Promise<{ readonly training: string; readonly validation: string | null }> {
  const folders = await splitFolders(path)
  return { training: folders.training, validation: validation ?? folders.validation }
}

/** Held-out rows are read as the rows to train on. @throws ColdmeshError `bad-input` for a label that those lack, with the line */
export async function surveyValidation(
  path: string,
  training: Survey,
  options: DatasetOptions & { readonly memoryCharacters?: number },
): Promise<Survey> {
  const { text, pair, label } = training.source
  const columns = { text, ...(pair === null ? {} : { pair }), label }
  return await surveyKnown(path, { ...options, ...columns, taskType: training.task }, training)
}

/**
 * Opens rows of a task that is known, however many: test rows.
 *
 * @param memoryCharacters as of `openTrainingData`
 * @throws ColdmeshError as `openTrainingData`; `bad-input` for a label that the task lacks, with the line
 */
export async function openExamples(
  path: string,
  { task = 'single-label', labels }: Pick<Dataset, 'task' | 'labels'>,
  options: DatasetOptions & { readonly memoryCharacters?: number } = {},
): Promise<Examples> {
  const known = new Map(labels.map((label) => [label, null]))
  return rowsOf(await surveyKnown(path, { ...options, taskType: task }, { task, labels: known }))
}

async function surveyKnown(
  path: string,
  { memoryCharacters = MEMORY_CHARACTERS, ...options }: DatasetOptions & { readonly memoryCharacters?: number },
  known: { readonly task: TaskType; readonly labels: ReadonlyMap<string, unknown> },
): Promise<Survey> {
  const survey = await surveyFile(path, options, {
    memoryCharacters,
    onRow: ({ example, row }) => {
      if (known.task === 'regression') return
      const strange = [example.label].flat().find((one) => !known.labels.has(String(one)))
      if (strange === undefined) return
      throw rowError({ path }, row, {
        kind: 'unknown-label',
        what: `no row to train on has the label ${JSON.stringify(strange)}`,
        hint: 'Check that both files are of one task.',
        field: 'label',
      })
    },
  })
  if (survey.rows === 0) throw new ColdmeshError('bad-dataset', `${path} has no rows`, { facts: { path } })
  return survey
}

function inMemory({ examples, file, characters }: Survey): readonly Example[] {
  if (examples === null) throw tooLarge(file.path, characters)
  return examples
}

/** The name of a file without what says its format. */
export function nameOf(path: string): string {
  return basename(path).replace(/(\.(csv|tsv|jsonl|parquet))?(\.gz)?$/i, '')
}

function tooLarge(path: string, characters: number): ColdmeshError {
  return new ColdmeshError(
    'too-large',
    `${path} has ${characters} characters of text, at most ${MEMORY_CHARACTERS} are held in memory`,
    {
      facts: { path, characters, maxCharacters: MEMORY_CHARACTERS },
      hint: 'Give a sample of the data, or open it with openTrainingData, which takes files of any size.',
    },
  )
}
