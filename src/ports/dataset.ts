/** What a row's label is: one of the labels, any number of them, or a number. */
export const TASK_TYPES = ['single-label', 'multi-label', 'regression'] as const

export type TaskType = (typeof TASK_TYPES)[number]

/** A string for `single-label`, different strings (perhaps none) for `multi-label`, a finite number for `regression`. */
export type Label = string | readonly string[] | number

/** One labelled text, or pair of texts. */
export interface Example {
  readonly text: string
  readonly pair?: string
  readonly label: Label
}

/** Rows in memory, or in a file. */
export type Examples = readonly Example[] | StoredExamples

/** Rows that stay in their file since they are too many for memory. Plain data: whoever needs the rows reads them there. */
export interface StoredExamples {
  readonly length: number
  readonly source: ExampleSource
  /** Which of the file's rows these are, counted from 0, in order; absent: all. */
  readonly places?: Uint32Array
}

/** Labels with the number of rows that have each. */
export type LabelRows = readonly (readonly [label: string, rows: number])[]

/** How a file's rows become examples. */
export interface ExampleSource {
  readonly path: string
  /** Between values of a table; null: what its name says. */
  readonly delimiter: string | null
  readonly text: string
  readonly pair: string | null
  readonly label: string
  readonly rules: LabelRules
  /** Size and last change when the rows were counted: a file that changes since then is an error. */
  readonly bytes: number
  readonly modifiedMs: number
  /** Of the whole file; none for `regression`. */
  readonly labelRows: LabelRows
}

/** How a value becomes a label. */
export interface LabelRules {
  /** Null: not known yet. */
  readonly task: TaskType | null
  /** Between the labels of one value; null: a value is one label, or a list. */
  readonly separator: string | null
  /** Names of labels by what the file says; null: labels are what it says. */
  readonly labelMap: Readonly<Record<string, string>> | null
  /** Rows without a label are left out: empty, and where no number is asked for also -1 and -. */
  readonly skipUnlabelled: boolean
}

/** A labelled text dataset, read and checked. `Dataset<Examples>` may be larger than memory. */
export interface Dataset<Rows extends Examples = readonly Example[]> {
  readonly name: string
  /** Absent: `single-label`. */
  readonly task?: TaskType
  /** Distinct labels, sorted by code unit; none for `regression`. */
  readonly labels: readonly string[]
  readonly examples: Rows
  /** Held-out rows given by the user; when absent the trainer splits `examples` by seeded hash. */
  readonly validation?: Rows
}

/** Reads examples one at a time, in memory or out of their file. */
export type ReadExamples = (examples: Examples) => AsyncIterable<Example>

/** How far the reading of a file is. */
export interface ReadProgress {
  readonly path: string
  readonly rows: number
  /** Of the file as it lies on the disk. */
  readonly bytes: number
  /** Null for a folder. */
  readonly totalBytes: number | null
}

/** True for rows that stay in their file. */
export function isStored(examples: Examples): examples is StoredExamples {
  return 'source' in examples
}
