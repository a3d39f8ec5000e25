import { MASK_STATE_INTEGERS, maskState } from '../../training/dropout-masks.ts'
import * as inputs from '../../training/encoder-inputs.ts'
import type { EncoderConfig } from '../../training/encoders/encoder-config.ts'
import type { LabelledRow, TokenRow } from '../../training/learner.ts'
import type { ParameterMemory } from './parameters.ts'
import type { OpenProgram } from './program.ts'

/** An encoder without token types has no such input. */
const NO_TYPES = new Float32Array()

/** Fills the encoder's inputs of `program`. @returns as `fillEncoderInputs` of src/training */
export function fillEncoderInputs(
  { integers, floats }: OpenProgram,
  config: EncoderConfig,
  bucket: inputs.Bucket,
  rows: readonly TokenRow[],
  tableIds?: Int32Array<ArrayBuffer>,
): Int32Array {
  const { ids } = integers
  const { types = NO_TYPES, mask } = floats
  if (ids === undefined || mask === undefined) throw new Error('not an encoder')
  return inputs.fillEncoderInputs({ ids, types, mask }, config, bucket, rows, tableIds)
}

/** Fills the inputs of the loss: rows past the end of `rows` don't count. */
export function fillLossInputs({ floats }: OpenProgram, rows: readonly LabelledRow[], classes: number): void {
  const { target, targetWeight, choices } = floats
  if (target === undefined || targetWeight === undefined) throw new Error('not a training program')
  if (choices === undefined) inputs.fillOutputLossInputs({ target, targetWeight }, rows, classes)
  else inputs.fillLossInputs({ target, targetWeight, choices }, rows, classes)
}

/** Seeds the generators of the dropout masks in `memory`'s scratch `maskState`. */
export function seedMasks(memory: ParameterMemory, seed: number): void {
  viewMaskState(memory).set(maskState(seed))
}

/** The generators of the dropout masks: a view. */
export function viewMaskState({ memory, scratch }: ParameterMemory): Uint32Array {
  return new Uint32Array(memory.buffer, scratch['maskState'] ?? 0, MASK_STATE_INTEGERS)
}

export const MASK_STATE_FLOATS = MASK_STATE_INTEGERS
