import type { Tensor } from '@tensorflow/tfjs-core'
import type { ClassifierShape } from '../../training/classifier.ts'
import {
  type Bucket,
  createEncoderInputs,
  fillEncoderInputs,
  fillLossInputs,
  fillOutputLossInputs,
} from '../../training/encoder-inputs.ts'
import type { LabelledRow, TokenRow } from '../../training/learner.ts'
import type { Tf } from './backends.ts'
import type { InputTensors } from './encoder.ts'

/** Rows as tensors, which the caller disposes of. Rows past the end of `rows` are padding. */
export function encoderTensors(
  tf: Tf,
  { config }: ClassifierShape,
  bucket: Bucket,
  rows: readonly TokenRow[],
): InputTensors {
  const { batch, length } = bucket
  const inputs = createEncoderInputs(config, bucket)
  fillEncoderInputs(inputs, config, bucket, rows)
  return {
    ids: tf.tensor(inputs.ids, [length * batch], 'int32'),
    types: tf.tensor(inputs.types, [length * batch, config.tokenTypes]),
    mask: tf.tensor(inputs.mask, [batch * config.heads, 1, length]),
  }
}

/** What losses of single outputs read, as tensors: `OutputLossInputs` of src/training. */
export interface OutputLossTensors {
  readonly target: Tensor
  readonly weight: Tensor
}

export function outputLossTensors(
  tf: Tf,
  { classes }: ClassifierShape,
  batch: number,
  rows: readonly LabelledRow[],
): OutputLossTensors {
  const target = new Float32Array(batch * classes)
  const targetWeight = new Float32Array(batch * classes)
  fillOutputLossInputs({ target, targetWeight }, rows, classes)
  return { target: tf.tensor(target, [batch, classes]), weight: tf.tensor(targetWeight, [batch, classes]) }
}

/** What the cross-entropy reads, as tensors: `LossInputs` of src/training. */
export interface LossTensors {
  readonly target: Tensor
  readonly weight: Tensor
  readonly choices: Tensor
}

export function lossTensors(
  tf: Tf,
  { classes }: ClassifierShape,
  batch: number,
  rows: readonly LabelledRow[],
): LossTensors {
  const target = new Float32Array(batch * classes)
  const targetWeight = new Float32Array(batch)
  const choices = new Float32Array(batch * classes)
  fillLossInputs({ target, targetWeight, choices }, rows, classes)
  return {
    target: tf.tensor(target, [batch, classes]),
    weight: tf.tensor(targetWeight, [batch, 1]),
    choices: tf.tensor(choices, [batch, classes]),
  }
}
