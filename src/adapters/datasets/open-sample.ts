import type { Example } from '../../ports/dataset.ts'
import { createHoldOut } from '../../training/hold-out.ts'
import { readExamples } from './examples.ts'
import { type OpenedDataset, rowsOf, surveyDataset } from './open.ts'
import { type DatasetOptions, MEMORY_CHARACTERS } from './survey.ts'

/** Rows of a sample, about. */
const SAMPLE_ROWS = 20_000
/** The same rows of the same file each time. */
const SEED = 1

/**
 * Reads a dataset into memory; of one with more text than memory should hold, about 20,000 rows: of each label its share, at least one, chosen
 * by a hash of the texts.
 *
 * @returns `of`: rows of the file
 * @throws ColdmeshError as `openTrainingData`
 */
export async function openSample(
  path: string,
  { memoryCharacters = MEMORY_CHARACTERS, ...options }: DatasetOptions & { readonly memoryCharacters?: number } = {},
): Promise<OpenedDataset & { readonly of: number }> {
  const { survey, facts } = await surveyDataset(path, options, memoryCharacters)
  const { rows, characters, source } = survey
  if (survey.examples !== null) return { ...facts, examples: survey.examples, of: rows }
  const fraction = Math.min(0.5, SAMPLE_ROWS / rows, MEMORY_CHARACTERS / characters)
  const choice = createHoldOut({ fraction, seed: SEED, labelRows: source.labelRows })
  const all = rowsOf(survey)
  for await (const example of readExamples(all, options.onRead)) choice.add(example)
  const isChosen = choice.choose()
  const examples: Example[] = []
  let place = 0
  for await (const example of readExamples(all, options.onRead)) if (isChosen(place++)) examples.push(example)
  return { ...facts, examples, of: rows }
}
