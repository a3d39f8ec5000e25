import type { Label } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { LabelSpace } from './labels.ts'
import type { Target } from './learner.ts'

/**
 * Reads labels as what outputs should say.
 *
 * @returns throws ColdmeshError `bad-dataset` for a label that isn't among `labels`, or isn't what the task's labels are
 */
export function targetReader({ task = 'single-label', labels }: LabelSpace): (label: Label) => Target {
  const indices = new Map(labels.map((label, index) => [label, index]))
  const indexOf = (label: string): number => {
    const index = indices.get(label)
    if (index !== undefined) return index
    throw badLabel(label, "which isn't one of those given", 'Check that all files are of one task.')
  }
  return (label) => {
    if (task === 'regression') {
      if (typeof label === 'number' && Number.isFinite(label)) return label
      throw badLabel(label, 'which is no finite number', 'A regression needs a number in each row.')
    }
    if (task === 'multi-label') {
      if (Array.isArray(label)) return label.map(indexOf)
      throw badLabel(
        label,
        'which is no list of labels',
        'A multi-label task needs a list in each row; it may be empty.',
      )
    }
    if (typeof label === 'string') return indexOf(label)
    throw badLabel(label, 'which is not one label', 'Say which type of task it is: multi-label or regression.')
  }
}

function badLabel(label: Label, what: string, hint: string): ColdmeshError {
  const shown = JSON.stringify(label)
  return new ColdmeshError('bad-dataset', `A row has the label ${shown}, ${what}`, { facts: { label: shown }, hint })
}
