import type { BertConfig } from '../../training/bert-config.ts'
import { MASK_STATE_INTEGERS, maskState } from '../../training/dropout-masks.ts'
import * as inputs from '../../training/encoder-inputs.ts'
import type { LabelledRow, TokenRow } from '../../training/learner.ts'
import type { ParameterMemory } from './parameters.ts'
import type { OpenProgram } from './program.ts'

/** Added to the logits of outputs that a row's label can't be: their probability and gradient are exactly zero. */
const NO_CHOICE = -1e9

/** Fills the encoder's inputs of `program`. @returns as `fillEncoderInputs` of src/training */
export function fillEncoderInputs(
  { integers, floats }: OpenProgram,
  config: BertConfig,
  bucket: inputs.Bucket,
  rows: readonly TokenRow[],
  tableIds?: Int32Array<ArrayBuffer>,
): Int32Array {
  const { ids } = integers
  const { types, mask } = floats
  if (ids === undefined || types === undefined || mask === undefined) throw new Error('not an encoder')
  return inputs.fillEncoderInputs({ ids, types, mask }, config, bucket, rows, tableIds)
}

/** Fills the inputs of the loss: rows past the end of `rows` don't count. */
export function fillLossInputs({ floats }: OpenProgram, rows: readonly LabelledRow[], classes: number): void {
  const { target, targetWeight } = floats
  if (target === undefined || targetWeight === undefined) throw new Error('not a training program')
  inputs.fillLossInputs({ target, targetWeight }, rows, classes)
  fillChoices(floats['choices'], rows, classes)
}

function fillChoices(excluded: Float32Array | undefined, rows: readonly LabelledRow[], classes: number): void {
  if (excluded === undefined) throw new Error('not a training program')
  excluded.fill(0)
  for (const [row, { choices }] of rows.entries()) {
    if (choices === undefined) continue
    excluded.fill(NO_CHOICE, row * classes, (row + 1) * classes)
    excluded.fill(0, row * classes + choices[0], row * classes + choices[1])
  }
}

/** Seeds the generators of the dropout masks in `memory`'s scratch `maskState`. */
export function seedMasks(memory: ParameterMemory, seed: number): void {
  new Uint32Array(memory.memory.buffer, memory.scratch['maskState'] ?? 0, MASK_STATE_INTEGERS).set(maskState(seed))
}

export const MASK_STATE_FLOATS = MASK_STATE_INTEGERS
