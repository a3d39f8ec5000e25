import type { Dataset, Example, Examples, ReadExamples } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { TrainingPlan } from '../../ports/trainer.ts'
import { holdOutOf } from '../../training/hold-out.ts'
import { checkLabels } from '../../training/labels.ts'
import { targetReader } from '../../training/targets.ts'

export interface SplitRows {
  readonly training: AsyncIterable<Example>
  readonly trainingRows: number
  readonly validation: Examples
}

/**
 * The rows to train on, one at a time, and those to validate with: the same ones that the engines hold out.
 *
 * @throws ColdmeshError `bad-dataset` when there are too few rows or labels, and while rows are read for a label that is none of the task's
 */
export async function splitRows(
  dataset: Dataset<Examples>,
  plan: Pick<TrainingPlan, 'validationFraction' | 'seed'>,
  readExamples: ReadExamples,
): Promise<SplitRows> {
  checkLabels(dataset)
  const target = targetReader(dataset)
  const read = async function* (examples: Examples) {
    for await (const example of readExamples(examples)) {
      target(example.label)
      yield example
    }
  }
  const { examples } = dataset
  const isHeldOut = dataset.validation === undefined ? await chooseHeldOut(examples, plan, read) : () => false
  const validation = dataset.validation ?? (await heldOutOf(examples, isHeldOut, read))
  const trainingRows = examples.length - (dataset.validation === undefined ? validation.length : 0)
  if (trainingRows === 0 || validation.length === 0) {
    throw new ColdmeshError('bad-dataset', 'The dataset has too few rows to hold some out for validation', {
      facts: { rows: examples.length },
      hint: dataset.task === 'regression' ? 'Give more rows.' : 'Give at least two different texts of each label.',
    })
  }
  const training = (async function* () {
    let place = 0
    for await (const example of read(examples)) if (!isHeldOut(place++)) yield example
  })()
  return { training, trainingRows, validation }
}

async function heldOutOf(
  examples: Examples,
  isHeldOut: (place: number) => boolean,
  read: ReadExamples,
): Promise<readonly Example[]> {
  const heldOut: Example[] = []
  let place = 0
  for await (const example of read(examples)) if (isHeldOut(place++)) heldOut.push(example)
  return heldOut
}

/** Rows are read once for that. */
async function chooseHeldOut(
  examples: Examples,
  plan: Pick<TrainingPlan, 'validationFraction' | 'seed'>,
  read: ReadExamples,
): Promise<(place: number) => boolean> {
  const holdOut = holdOutOf(examples, plan)
  for await (const example of read(examples)) holdOut.add(example)
  return holdOut.choose()
}
