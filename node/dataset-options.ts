import type { TaskType } from 'coldmesh'
import type { OptionSpec } from './option-spec.ts'

/** The library's. Named again, since loading the library would slow every command down. */
export const TASK_TYPES = ['single-label', 'multi-label', 'regression'] as const satisfies readonly TaskType[]

/** How to read a dataset: of every command that reads one. */
export const DATASET_OPTIONS = {
  text: { kind: 'text', value: 'COLUMN', help: 'column of the text (default: the one with a usual name)' },
  pair: {
    kind: 'text',
    value: 'COLUMN',
    help: 'column of a second text (default: where --text is not given, as there)',
  },
  label: { kind: 'text', value: 'COLUMN', help: 'column of the label (default: the one with a usual name)' },
  taskType: {
    kind: 'text',
    value: 'TYPE',
    choices: TASK_TYPES,
    help: 'what labels are: one of several, any number of them, or a number (default: what they look like)',
  },
  labelMap: {
    kind: 'text',
    value: 'VALUE=NAME,...|FILE',
    help: 'names of labels by what the data say, or a JSON file of them',
  },
  labelSeparator: {
    kind: 'text',
    value: 'TEXT',
    help: 'between the labels of one value, for multi-label data in tables',
  },
  skipUnlabelled: { kind: 'switch', help: 'leave out rows without a label (empty, -1 or -); their number is said' },
  validation: {
    kind: 'path',
    value: 'FILE',
    help: 'held-out rows to validate with (default: some of the rows, chosen by a hash)',
  },
} as const satisfies Record<string, OptionSpec>
