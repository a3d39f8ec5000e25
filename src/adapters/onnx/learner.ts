import type { Weights } from '../../ports/trainer.ts'
import type { TokenRow } from './host-inputs.ts'
import type { OpenProgram } from './program.ts'

/** A row ready for training: its tokens and the index of its label. */
export interface LabelledRow extends TokenRow {
  readonly label: number
}

/** A model under training. What `fit` needs of it, whether the whole body learns or the head only. */
export interface Learner {
  /** Tokens a second of the one pass over the body; absent when every step passes it. */
  readonly tokensPerSecond?: number
  /** Forward and backward over at most a batch of rows, padded to `length` tokens: adds to the gradients, returns the mean loss. */
  learn(rows: readonly LabelledRow[], length: number): Promise<number>
  /** A step of the optimizer with the gradients added since the last one. */
  step(rates: { readonly body: number; readonly head: number }): void
  /** The index of the likeliest label of each row. */
  predict(rows: readonly LabelledRow[], length: number): Promise<number[]>
  /** Keeps the weights as they are now, and goes back to those kept last. */
  keep(): void
  restore(): void
  /** Copies of the weights now. */
  body(): Weights[]
  head(): Weights[]
  release(): Promise<void>
}

/** Fills the inputs of the loss: rows past the end of `rows` don't count. */
export function fillLossInputs({ floats }: OpenProgram, rows: readonly LabelledRow[], classes: number): void {
  const target = floats['target']
  const weights = floats['targetWeight']
  if (target === undefined || weights === undefined) throw new Error('not a training program')
  target.fill(0)
  weights.fill(0)
  for (const [row, { label }] of rows.entries()) {
    weights[row] = 1 / rows.length
    target[row * classes + label] = 1 / rows.length
  }
}

/** Index of the largest of each row's `classes` logits; the first of equals. */
export function likeliest(logits: Float32Array, rows: number, classes: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    let best = 0
    for (let index = 1; index < classes; index++) {
      if ((logits[row * classes + index] ?? 0) > (logits[row * classes + best] ?? 0)) best = index
    }
    return best
  })
}

/** Opens programs by batch length, each once. */
export function createProgramCache(open: (length: number) => Promise<OpenProgram>) {
  const opened = new Map<number, OpenProgram>()
  return {
    async get(length: number): Promise<OpenProgram> {
      const program = opened.get(length) ?? (await open(length))
      opened.set(length, program)
      return program
    },
    async release(): Promise<void> {
      for (const program of opened.values()) await program.release()
      opened.clear()
    },
  }
}
