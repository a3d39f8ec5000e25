import type { ReadProgress } from '../ports/dataset.ts'
import { ColdmeshError, type ErrorCode, type Facts } from '../ports/errors.ts'
import type { Evaluated, TogetherResult, TrainingProgress, TrainingResult, TrainingSnapshot } from '../ports/trainer.ts'
import type { EngineName } from './names.ts'
import type { OpenOptions } from './open-engine.ts'
import type { EvaluateTask, TrainTask } from './tasks.ts'
import type { TogetherTask } from './train-together.ts'

// What the trainer and its worker say to each other.

export type Task =
  | { readonly kind: 'open' }
  | { readonly kind: 'measure' }
  | ({ readonly kind: 'train' } & TrainTask)
  | ({ readonly kind: 'train-together' } & TogetherTask)
  | ({ readonly kind: 'evaluate' } & EvaluateTask)

/** What the worker is started with. */
export interface WorkerSettings extends OpenOptions {
  readonly engine: EngineName
}

export interface Request {
  readonly task: Task
  /** One Int32, set to 1 to abort. Shared, so that a busy worker sees it. */
  readonly abort: SharedArrayBuffer
}

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly facts: Facts
  readonly hint: string | undefined
  /** The stack of an error that isn't a ColdmeshError. */
  readonly stack: string | undefined
}

export type Reply =
  | { readonly kind: 'opened'; readonly device: string }
  | { readonly kind: 'measured'; readonly tokensPerSecond: number }
  | { readonly kind: 'read'; readonly progress: ReadProgress }
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'snapshot'; readonly snapshot: TrainingSnapshot }
  | { readonly kind: 'trained'; readonly result: TrainingResult }
  | { readonly kind: 'trained-together'; readonly result: TogetherResult }
  | { readonly kind: 'evaluated'; readonly result: Evaluated }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** What a worker says while it works. */
export type Meanwhile = Extract<Reply, { kind: 'read' | 'progress' | 'snapshot' }>

export function describeFailure(error: unknown): Failure {
  if (error instanceof ColdmeshError) {
    const { code, message, facts, hint } = error
    return { code, message, facts, hint, stack: undefined }
  }
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? error.stack : undefined
  return { code: 'refused', message: `Training failed: ${message}`, facts: {}, hint: undefined, stack }
}

export function failureError({ code, message, facts, hint, stack }: Failure): ColdmeshError {
  return new ColdmeshError(code, message, { facts, ...(hint && { hint }), ...(stack && { cause: new Error(stack) }) })
}
