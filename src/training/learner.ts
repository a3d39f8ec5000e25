import type { TaskType } from '../ports/dataset.ts'
import type { Weights } from '../ports/trainer.ts'

/** The tokens of one row, without padding. */
export interface TokenRow {
  readonly ids: ArrayLike<number>
  /** Token types, as many as ids; absent: all 0. */
  readonly types?: ArrayLike<number>
  /** Which of the packed rows it is: what was computed of a row is kept by that. */
  readonly place?: number
}

/** What the outputs should say: the index of the label, the indices of all labels (`multi-label`), or the number (`regression`). */
export type Target = number | readonly number[]

/** A row ready for training: its tokens and its target. */
export interface LabelledRow extends TokenRow {
  readonly label: Target
  /** Absent: `single-label`. The rows of a batch have one task. */
  readonly task?: TaskType
  /** The row is about these outputs, from the first up to, not including, the second; absent: about all. */
  readonly choices?: readonly [from: number, to: number]
}

/** What tells labels: a model under training, or a finished one. */
export interface Predictor {
  /** Logits [rows, outputs] of at most EVALUATION_BATCH rows, padded to `length` tokens. */
  predict(rows: readonly TokenRow[], length: number): Promise<Float32Array>
  release(): Promise<void>
}

/** A model under training. What `fit` needs of it, whether the whole body learns or the head only. */
export interface Learner extends Predictor {
  /** Tokens a second of the pass over the body; absent when every step passes it. */
  readonly tokensPerSecond?: number
  /** Forward and backward over at most a batch of rows, padded to `length` tokens: adds to the gradients, returns the mean loss. */
  learn(rows: readonly LabelledRow[], length: number): Promise<number>
  /** A step of the optimizer with the mean of the gradients added since the last one. */
  step(rates: LearningRates): void
  /** The mean of the gradients added since the last step, by name: what an engine is judged by. */
  gradients(): Promise<ReadonlyMap<string, Float32Array>>
  /** Keeps the weights as they are now, and goes back to those kept last. */
  keep(): void
  restore(): void
  /** Copies of everything that the next step depends on, between two steps; absent where an engine can't. */
  save?(): Promise<LearnerState>
  /** Goes on from what `save` gave to a learner of the same options. False, and nothing changed, when it doesn't fit. */
  load?(state: LearnerState): Promise<boolean>
  /** Copies of the weights now. */
  body(): Promise<Weights[]>
  head(): Promise<Weights[]>
}

/** Bytes by name; what they mean is the learner's own matter. */
export type LearnerState = Readonly<Record<string, Uint8Array>>

export interface LearningRates {
  readonly body: number
  readonly head: number
}

/** Rows of a forward pass: enough to keep the processor busy. */
export const EVALUATION_BATCH = 32
