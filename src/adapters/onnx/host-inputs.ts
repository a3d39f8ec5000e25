import type { BertConfig } from '../../training/bert-config.ts'
import type { LabelledRow, TokenRow } from '../../training/learner.ts'
import { createRandom } from '../../training/random.ts'
import type { Bucket } from './bert.ts'
import type { ParameterMemory } from './parameters.ts'
import type { OpenProgram } from './program.ts'

/** Added to attention scores of padding: the softmax of what is left is exactly that of the row alone. */
const PADDING_SCORE = -1e9
/** Marks padding where table rows are told apart. */
export const NO_ID = -1

/**
 * Fills the encoder's inputs, sequence-first. Rows past the end of `rows` are padding.
 *
 * @returns `tableIds` [length * batch]: the id at each place, NO_ID for padding
 */
export function fillEncoderInputs(
  { integers, floats }: OpenProgram,
  config: BertConfig,
  { batch, length }: Bucket,
  rows: readonly TokenRow[],
  tableIds = new Int32Array(length * batch),
): Int32Array {
  const ids = integers['ids']
  const { types, mask } = floats
  if (ids === undefined || types === undefined || mask === undefined) throw new Error('not an encoder')
  types.fill(0)
  for (let row = 0; row < batch; row++) {
    const tokens = rows[row]
    const count = Math.min(length, tokens?.ids.length ?? 0)
    for (let place = 0; place < length; place++) {
      const index = place * batch + row
      const id = place < count ? (tokens?.ids[place] ?? config.padTokenId) : NO_ID
      ids[index] = id === NO_ID ? config.padTokenId : id
      tableIds[index] = id
      types[index * config.tokenTypes + (tokens?.types?.[place] ?? 0)] = 1
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

/** Seeds the generators of the dropout masks in `memory`'s scratch `maskState`. */
export function seedMasks(memory: ParameterMemory, seed: number): void {
  const address = memory.scratch['maskState'] ?? 0
  const random = createRandom(seed, 'dropout')
  new Uint32Array(memory.memory.buffer, address, MASK_STATE_FLOATS).forEach((_, index, state) => {
    state[index] = random.uint32()
  })
}

export const MASK_STATE_FLOATS = 16
