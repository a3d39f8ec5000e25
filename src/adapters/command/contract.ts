import type { TaskType } from '../../ports/dataset.ts'
import type { TrainingPlan } from '../../ports/trainer.ts'

// What coldmesh and a training program say to each other: docs/command-trainer.md, in code.

/** Version of the contract. A program that knows another one exits with `EXIT_UNSUPPORTED`. */
export const PROTOCOL = 1

/** The exit code of a program that can't do what it was asked: mode, task or protocol. */
export const EXIT_UNSUPPORTED = 64

/** In the work directory. */
export const FILES = {
  plan: 'plan.json',
  base: 'base',
  train: 'train.jsonl',
  validation: 'validation.jsonl',
  rows: 'rows.jsonl',
  head: 'head.safetensors',
  out: 'out',
} as const

/** In base/ and in out/. */
export const WEIGHTS_FILE = 'model.safetensors'
/** In out/. */
export const PREDICTIONS_FILE = 'predictions.jsonl'
export const BEFORE_FILE = 'before.jsonl'

/** A line of standard output is read up to this many bytes; the rest of it is dropped. */
export const MAX_LINE_BYTES = 65_536
/** Lines of text that a run shows. */
export const MAX_SHOWN_LINES = 1_000
/** Of standard error; a program that writes more is stopped. */
export const MAX_LOG_BYTES = 1_073_741_824
/** From SIGTERM to SIGKILL: less than what the command line waits for before it ends itself. */
export const GRACE_MS = 6_000
/** For a program that nobody gave a limit: a backstop, since a round that ends without it stops it anyway. */
export const DEFAULT_TIME_LIMIT_MS = 24 * 3_600_000

interface Common {
  readonly protocol: typeof PROTOCOL
  readonly task: TaskType
  /** In the order of the head's outputs; none for `regression`. */
  readonly labels: readonly string[]
  /** Longest input in tokens. */
  readonly maxTokens: number
  /** Seconds after which the program is stopped. */
  readonly timeLimit: number
}

interface CommonPaths {
  readonly base: string
  readonly head: string | null
  readonly out: string
}

/** plan.json. All paths are absolute. */
export type PlanFile =
  | (Common & {
      readonly mode: 'train'
      readonly plan: TrainingPlan
      readonly paths: CommonPaths & { readonly train: string; readonly validation: string }
    })
  | (Common & { readonly mode: 'evaluate'; readonly paths: CommonPaths & { readonly rows: string } })
