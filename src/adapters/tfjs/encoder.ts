import type { Tensor } from '@tensorflow/tfjs-core'
import type { ClassifierShape } from '../../training/classifier.ts'
import type { Bucket } from '../../training/encoder-inputs.ts'
import { POSITION_TABLE, WORD_TABLE } from '../../training/encoders/encoder-body.ts'
import { ACTIVATIONS } from './activations.ts'
import { attentionMix, attentionScores, maskedSoftmax, mergeHeads, splitHeads } from './attention.ts'
import type { Tf } from './backends.ts'
import { add, addToEach, choose, layerNorm, linear, lookUp, multiply, rowsFrom, tanh } from './operations.ts'

/** A batch as tensors: `EncoderInputs` of src/training. */
export interface InputTensors {
  readonly ids: Tensor
  readonly types: Tensor
  readonly mask: Tensor
}

export interface EncoderOptions extends Bucket {
  readonly tf: Tf
  readonly shape: ClassifierShape
  /** The tensor of a weight by its name in `BertModel`. */
  readonly weight: (name: string) => Tensor
  /** A dropout mask of a shape; null: no dropout. */
  readonly mask: ((shape: number[], rate: number) => Tensor) | null
}

/**
 * What the head reads: the pooler's output if there is one, else each row's first token. [batch, hidden]. Sequence-first, as the
 * inputs; the last layer computes the first tokens only, which is exact.
 */
export function encode(options: EncoderOptions, inputs: InputTensors): Tensor {
  const { tf, shape, weight } = options
  const { config, body } = shape
  let x = embeddings(options, inputs)
  for (let index = 0; index < config.layers; index++) {
    const last = index === config.layers - 1
    const queried = last ? rowsFrom(tf, x, 0, options.batch) : x
    x = encoderLayer(options, { name: `encoder.layer.${index}`, x, queried, mask: inputs.mask })
  }
  return body.pooler ? tanh(tf, linear(tf, x, weight('pooler.dense.weight'), weight('pooler.dense.bias'))) : x
}

/** x with some numbers dropped; x itself when there is no dropout. */
export function dropout({ tf, mask }: EncoderOptions, x: Tensor, rate: number): Tensor {
  return mask === null || rate === 0 ? x : multiply(tf, x, mask(x.shape, rate))
}

function embeddings(options: EncoderOptions, { ids, types }: InputTensors): Tensor {
  const { tf, weight, length, shape } = options
  const { tokenTypes, firstPosition, embeddingSize, hiddenSize, hiddenDropout } = shape.config
  const words = lookUp(tf, weight(WORD_TABLE), ids)
  const typed =
    tokenTypes === 0 ? words : add(tf, words, choose(tf, types, weight('embeddings.token_type_embeddings.weight')))
  const positions = rowsFrom(tf, weight(POSITION_TABLE), firstPosition, length)
  const normalized = norm(options, 'embeddings.LayerNorm', addToEach(tf, typed, positions))
  const dropped = dropout(options, normalized, hiddenDropout)
  if (embeddingSize === hiddenSize) return dropped
  return linear(tf, dropped, weight('embeddings_project.weight'), weight('embeddings_project.bias'))
}

interface LayerInputs {
  readonly name: string
  /** What is attended to [length * batch, hidden]. */
  readonly x: Tensor
  /** The rows that attend: x, or its first `batch` rows. */
  readonly queried: Tensor
  readonly mask: Tensor
}

function encoderLayer(options: EncoderOptions, { name, x, queried, mask }: LayerInputs): Tensor {
  const { tf, weight, batch, shape } = options
  const { heads, hiddenSize, hiddenDropout, attentionDropout, dropsAttentionOutput } = shape.config
  const headSize = hiddenSize / heads
  const apply = (part: string, input: Tensor) =>
    linear(tf, input, weight(`${name}.${part}.weight`), weight(`${name}.${part}.bias`))
  const project = (part: string, input: Tensor) =>
    splitHeads(tf, apply(`attention.self.${part}`, input), batch * heads, headSize)
  const scores = attentionScores(tf, project('query', queried), project('key', x), 1 / Math.sqrt(headSize))
  const probabilities = dropout(options, maskedSoftmax(tf, scores, mask), attentionDropout)
  const mixed = mergeHeads(tf, attentionMix(tf, probabilities, project('value', x)), queried.shape)
  const attention = apply('attention.output.dense', mixed)
  const between = norm(
    options,
    `${name}.attention.output.LayerNorm`,
    add(tf, queried, dropout(options, attention, dropsAttentionOutput ? hiddenDropout : 0)),
  )
  const activate = (x: Tensor) => ACTIVATIONS[shape.config.activation](tf, x)
  const fed = apply('output.dense', activate(apply('intermediate.dense', between)))
  return norm(options, `${name}.output.LayerNorm`, add(tf, between, dropout(options, fed, hiddenDropout)))
}

function norm({ tf, weight, shape }: EncoderOptions, name: string, x: Tensor): Tensor {
  return layerNorm(tf, x, weight(`${name}.weight`), weight(`${name}.bias`), shape.config.layerNormEpsilon)
}
