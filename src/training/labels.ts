import type { Label, TaskType } from '../ports/dataset.ts'

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
