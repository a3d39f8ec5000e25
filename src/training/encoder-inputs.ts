import type { EncoderConfig } from './encoders/encoder-config.ts'
import type { LabelledRow, TokenRow } from './learner.ts'

/** Shape of a batch: `batch` rows of `length` tokens. */
export interface Bucket {
  readonly batch: number
  readonly length: number
}

/** What an encoder reads, sequence-first: token t of row b is at t * batch + b. */
export interface EncoderInputs {
  /** [length * batch] */
  readonly ids: Int32Array
  /** [length * batch, tokenTypes], one-hot; empty without token types */
  readonly types: Float32Array
  /** [batch * heads, 1, length]: 0, or a large negative number for padding */
  readonly mask: Float32Array
}

/** What the cross-entropy of one label reads. */
export interface LossInputs {
  /** [batch, classes]: each row's weight in the column of its label */
  readonly target: Float32Array
  /** [batch, 1]: the weight: 1 / rows, 0 for a row that doesn't count */
  readonly targetWeight: Float32Array
  /** [batch, classes]: added to the logits, 0 for those that a row's label is one of */
  readonly choices: Float32Array
}

/** What losses of single outputs read, `multi-label` and `regression`. */
export interface OutputLossInputs {
  /** [batch, classes]: 1 for a row's labels, else 0; or its number */
  readonly target: Float32Array
  /** [batch, classes]: 1 / (rows * outputs of a row), 0 for what doesn't count */
  readonly targetWeight: Float32Array
}

/** Added to attention scores of padding: the softmax of what is left is exactly that of the row alone. */
const PADDING_SCORE = -1e9
/** Added to the logits of outputs that a row's label can't be: their probability and gradient are exactly zero. */
const NO_CHOICE = -1e9
/** Marks padding where table rows are told apart. */
export const NO_ID = -1

export function createEncoderInputs(config: EncoderConfig, { batch, length }: Bucket): EncoderInputs {
  return {
    ids: new Int32Array(length * batch),
    types: new Float32Array(length * batch * config.tokenTypes),
    mask: new Float32Array(batch * config.heads * length),
  }
}

/**
 * Fills `inputs`. Rows past the end of `rows` are padding.
 *
 * @returns `tableIds` [length * batch]: the id at each place, NO_ID for padding
 */
export function fillEncoderInputs(
  { ids, types, mask }: EncoderInputs,
  config: EncoderConfig,
  { batch, length }: Bucket,
  rows: readonly TokenRow[],
  tableIds = new Int32Array(length * batch),
): Int32Array {
  types.fill(0)
  for (let row = 0; row < batch; row++) {
    const tokens = rows[row]
    const count = Math.min(length, tokens?.ids.length ?? 0)
    for (let place = 0; place < length; place++) {
      const index = place * batch + row
      const id = place < count ? (tokens?.ids[place] ?? config.padTokenId) : NO_ID
      ids[index] = id === NO_ID ? config.padTokenId : id
      tableIds[index] = id
      if (config.tokenTypes > 0) types[index * config.tokenTypes + (tokens?.types?.[place] ?? 0)] = 1
    }
    for (let head = 0; head < config.heads; head++) {
      const start = (row * config.heads + head) * length
      mask.fill(0, start, start + count)
      mask.fill(PADDING_SCORE, start + count, start + length)
    }
  }
  return tableIds
}

/** Fills the inputs of the loss: rows past the end of `rows` don't count. */
export function fillLossInputs(
  { target, targetWeight, choices: excluded }: LossInputs,
  rows: readonly LabelledRow[],
  classes: number,
): void {
  target.fill(0)
  targetWeight.fill(0)
  excluded.fill(0)
  for (const [row, { label, choices }] of rows.entries()) {
    if (choices !== undefined) {
      excluded.fill(NO_CHOICE, row * classes, (row + 1) * classes)
      excluded.fill(0, row * classes + choices[0], row * classes + choices[1])
    }
    targetWeight[row] = 1 / rows.length
    target[row * classes + Number(label)] = 1 / rows.length
  }
}

/** Fills the inputs of a loss of single outputs: rows past the end of `rows` don't count. */
export function fillOutputLossInputs(
  { target, targetWeight }: OutputLossInputs,
  rows: readonly LabelledRow[],
  classes: number,
): void {
  target.fill(0)
  targetWeight.fill(0)
  for (const [row, { label, task, choices: [from, to] = [0, classes] }] of rows.entries()) {
    const start = row * classes
    targetWeight.fill(1 / (rows.length * (to - from)), start + from, start + to)
    if (task === 'regression') target[start + from] = Number(label)
    else for (const index of typeof label === 'number' ? [label] : label) target[start + index] = 1
  }
}
