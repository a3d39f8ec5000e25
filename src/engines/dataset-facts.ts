import { type Dataset, type Examples, isStored } from '../ports/dataset.ts'
import type { Model, TrainingPlan } from '../ports/trainer.ts'
import { labelName } from '../training/labels.ts'
import { increase } from '../training/metrics.ts'
import { sampleLengths } from './plan-for.ts'

/** What is worth knowing of a dataset before hours of training. */
export interface DatasetFacts {
  readonly rows: number
  /** Share of the rows that have more tokens than `maxTokens`, of those looked at; null for a model that only another program knows. */
  readonly truncated: number | null
  readonly maxTokens: number
  /** The commonest label with its share of the rows, and the rarest with its rows; null for numbers. */
  readonly labels: {
    readonly commonest: string
    readonly share: number
    readonly rarest: string
    readonly rarestRows: number
  } | null
}

export async function datasetFacts(
  model: Model,
  dataset: Dataset<Examples>,
  { maxTokens }: Pick<TrainingPlan, 'maxTokens'>,
): Promise<DatasetFacts> {
  const lengths = await sampleLengths(model, dataset)
  const longer = lengths.filter((length) => length > maxTokens).length
  return {
    rows: dataset.examples.length,
    truncated: lengths.length === 0 ? null : longer / lengths.length,
    maxTokens,
    labels: labelFacts(dataset),
  }
}

function labelFacts({ task, examples }: Dataset<Examples>): DatasetFacts['labels'] {
  if (task === 'regression') return null
  const sorted = [...labelRows(examples)].sort(([, a], [, b]) => b - a)
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined) return null
  return { commonest: first[0], share: first[1] / examples.length, rarest: last[0], rarestRows: last[1] }
}

/** None for some rows of a file: nobody has counted them. */
function labelRows(examples: Examples): Iterable<readonly [label: string, rows: number]> {
  if (isStored(examples)) return examples.places === undefined ? examples.source.labelRows : []
  const counts = new Map<string, number>()
  for (const { label } of examples) {
    for (const one of typeof label === 'object' ? label : [labelName(label)]) increase(counts, one)
  }
  return counts
}
