import type { Head, Weights } from '../ports/trainer.ts'
import { type EncoderBody, tensorName, WORD_TABLE } from './encoders/encoder-body.ts'
import type { EncoderConfig } from './encoders/encoder-config.ts'
import { initialWeights } from './initial-weights.ts'
import type { LabelSpace } from './labels.ts'

export const HEAD_WEIGHT = 'classifier.weight'
export const HEAD_BIAS = 'classifier.bias'

/** A classifier: an encoder, its pooler if it has one, and a linear head on the first token. */
export interface ClassifierShape {
  readonly config: EncoderConfig
  readonly body: EncoderBody
  readonly classes: number
}

/** Name of the table that is looked up. */
export function wordTable(shape: ClassifierShape): string {
  return tensorName(shape, WORD_TABLE)
}

/** Names and shapes of a head's weights. */
export function headLayout({ config, classes }: ClassifierShape): Omit<Weights, 'data'>[] {
  return [
    { name: HEAD_WEIGHT, shape: [classes, config.hiddenSize] },
    { name: HEAD_BIAS, shape: [classes] },
  ]
}

/** `head`'s weights when it is for exactly this type of task and these labels, else new ones. */
export function startingHead(
  shape: ClassifierShape,
  head: Head | null,
  { task = 'single-label', labels }: LabelSpace,
  seed: number,
) {
  const layout = headLayout(shape)
  const fits =
    head !== null &&
    (head.task ?? 'single-label') === task &&
    head.labels.length === labels.length &&
    head.labels.every((label, index) => label === labels[index]) &&
    layout.every(({ name, shape }) =>
      head.weights.some((weights) => weights.name === name && weights.shape.join() === shape.join()),
    )
  return { isNew: !fits, weights: fits ? head.weights : initialWeights(layout, seed) }
}
