import type { Tensor } from 'onnxruntime-node'
import type { ClassifierShape } from '../../training/classifier.ts'
import { drawMask } from '../../training/dropout-masks.ts'
import {
  type Bucket,
  createEncoderInputs,
  fillEncoderInputs,
  fillLossInputs,
  fillOutputLossInputs,
} from '../../training/encoder-inputs.ts'
import type { LabelledRow, TokenRow } from '../../training/learner.ts'
import { elementCount } from '../../training/shape.ts'
import type { Tensors } from './device-tensors.ts'
import type { DropoutMask } from './encoder.ts'
import type { Runtime } from './runtime.ts'

// A batch as the inputs of a graph: what goes to the GPU in every step.

export function encoderFeeds(
  runtime: Runtime,
  { config }: ClassifierShape,
  bucket: Bucket,
  rows: readonly TokenRow[],
): Tensors {
  const { batch, length } = bucket
  const inputs = createEncoderInputs(config, bucket)
  fillEncoderInputs(inputs, config, bucket, rows)
  const feeds = {
    ids: new runtime.Tensor('int32', inputs.ids, [length * batch]),
    mask: float32(runtime, inputs.mask, [batch * config.heads, 1, length]),
  }
  if (config.tokenTypes === 0) return feeds
  return { ...feeds, types: float32(runtime, inputs.types, [length * batch, config.tokenTypes]) }
}

/** What the loss of the rows' type of task reads. */
export function lossFeeds(
  runtime: Runtime,
  { classes }: ClassifierShape,
  batch: number,
  rows: readonly LabelledRow[],
): Tensors {
  const target = new Float32Array(batch * classes)
  if ((rows[0]?.task ?? 'single-label') !== 'single-label') {
    const targetWeight = new Float32Array(batch * classes)
    fillOutputLossInputs({ target, targetWeight }, rows, classes)
    return {
      target: float32(runtime, target, [batch, classes]),
      targetWeight: float32(runtime, targetWeight, [batch, classes]),
    }
  }
  const targetWeight = new Float32Array(batch)
  const choices = new Float32Array(batch * classes)
  fillLossInputs({ target, targetWeight, choices }, rows, classes)
  return {
    target: float32(runtime, target, [batch, classes]),
    targetWeight: float32(runtime, targetWeight, [batch, 1]),
    choices: float32(runtime, choices, [batch, classes]),
  }
}

/** @param state the generators, which go on */
export function maskFeeds(runtime: Runtime, masks: readonly DropoutMask[], state: Uint32Array): Tensors {
  return Object.fromEntries(
    masks.map(({ name, shape, rate }) => [name, float32(runtime, drawMask(state, elementCount(shape), rate), shape)]),
  )
}

export function float32(runtime: Runtime, data: Float32Array, shape: readonly number[]): Tensor {
  return new runtime.Tensor('float32', data, shape)
}

export function scalar(runtime: Runtime, value: number): Tensor {
  return float32(runtime, Float32Array.of(value), [])
}
