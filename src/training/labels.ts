import type { Label, TaskType } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'

/** What a task's labels are. */
export interface LabelSpace {
  /** Absent: `single-label`. */
  readonly task?: TaskType | undefined
  readonly labels: readonly string[]
}

/** A label as one string: equal for equal labels. */
export function labelName(label: Label): string {
  return typeof label === 'string' ? label : JSON.stringify(label)
}

/** Fewest labels that there is something to tell apart by. */
const MIN_LABELS: Readonly<Record<TaskType, number>> = { 'single-label': 2, 'multi-label': 1, regression: 0 }

/** @throws ColdmeshError `bad-dataset` for too few labels */
export function checkLabels({ task = 'single-label', labels }: LabelSpace): void {
  const least = MIN_LABELS[task]
  if (labels.length >= least) return
  throw new ColdmeshError(
    'bad-dataset',
    `The dataset has ${labels.length} label(s), a ${task} classifier needs at least ${least}`,
  )
}
