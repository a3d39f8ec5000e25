/** What a row's label is: one of the labels, any number of them, or a number. */
export type TaskType = 'single-label' | 'multi-label' | 'regression'

/** A string for `single-label`, different strings (perhaps none) for `multi-label`, a finite number for `regression`. */
export type Label = string | readonly string[] | number

/** One labelled text, or pair of texts. */
export interface Example {
  readonly text: string
  readonly pair?: string
  readonly label: Label
}

/** A labelled text dataset, read and checked. */
export interface Dataset {
  readonly name: string
  /** Absent: `single-label`. */
  readonly task?: TaskType
  /** Distinct labels, sorted by code unit; none for `regression`. */
  readonly labels: readonly string[]
  readonly examples: readonly Example[]
  /** Held-out rows given by the user; when absent the trainer splits `examples` by seeded hash. */
  readonly validation?: readonly Example[]
}
