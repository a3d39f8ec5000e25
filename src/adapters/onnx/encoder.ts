import type { Bucket } from '../../training/encoder-inputs.ts'
import { POSITION_TABLE, WORD_TABLE } from '../../training/encoders/encoder-body.ts'
import type { EncoderConfig } from '../../training/encoders/encoder-config.ts'
import { feedForward } from './feed-forward.ts'
import { type Graph, I32, type Value } from './graph.ts'
import { lookUpRows, rowsFrom } from './lookups.ts'
import {
  add,
  attentionMix,
  attentionScores,
  layerNorm,
  linear,
  matrixProduct,
  multiply,
  reshape,
  softmax,
  tanh,
} from './operations.ts'

/** A dropout mask that the host fills before a run: an input of zeros and 1 / (1 - rate). */
export interface DropoutMask {
  readonly name: string
  readonly shape: readonly number[]
  readonly rate: number
}

/** Gives the graph's input for a weight by its name. */
export type WeightOf = (name: string) => Value

export interface EncoderOptions extends Bucket {
  readonly config: EncoderConfig
  /** By names in `BertModel`. */
  readonly weight: WeightOf
  /** Collects dropout masks; null: no dropout. */
  readonly masks: DropoutMask[] | null
  /** The last layer computes only each row's first token, which is all that a classifier reads. Exact. */
  readonly firstTokenOnly: boolean
}

/**
 * An encoder. Tokens are sequence-first: token t of row b is at t * batch + b. Inputs it declares: `ids` [length * batch] I32,
 * `types` [length * batch, tokenTypes] F32 one-hot where there are token types, `mask` [batch * heads, 1, length] F32: 0, or a
 * large negative number for padding.
 * @returns [length * batch, hidden], or [batch, hidden] with `firstTokenOnly`
 */
export function encoder(graph: Graph, options: EncoderOptions): Value {
  const { config, batch, length } = options
  const mask = graph.input('mask', [batch * config.heads, 1, length])
  let x = embeddings(graph, options)
  for (let index = 0; index < config.layers; index++) {
    const last = index === config.layers - 1
    const queried = options.firstTokenOnly && last ? rowsFrom(graph, x, 0, batch) : x
    x = encoderLayer(graph, options, { name: `encoder.layer.${index}`, x, queried, mask })
  }
  return x
}

function embeddings(graph: Graph, options: EncoderOptions): Value {
  const { config, weight, batch, length } = options
  const { embeddingSize, hiddenSize, firstPosition } = config
  const tokens = length * batch
  const ids = graph.input('ids', [tokens], { type: I32 })
  const words = addTypes(graph, options, lookUpRows(graph, weight(WORD_TABLE), ids))
  const positions = rowsFrom(graph, weight(POSITION_TABLE), firstPosition, length)
  const sum = add(
    graph,
    reshape(graph, words, [length, batch, embeddingSize]),
    reshape(graph, positions, [length, 1, embeddingSize]),
  )
  const normalized = norm(graph, options, 'embeddings.LayerNorm', reshape(graph, sum, [tokens, embeddingSize]))
  const dropped = dropout(graph, options, 'embeddings', normalized, config.hiddenDropout)
  if (embeddingSize === hiddenSize) return dropped
  return linear(graph, dropped, weight('embeddings_project.weight'), weight('embeddings_project.bias'))
}

function addTypes(graph: Graph, { config, weight }: EncoderOptions, words: Value): Value {
  if (config.tokenTypes === 0) return words
  const types = graph.input('types', [words.shape[0] ?? 0, config.tokenTypes])
  return add(graph, words, matrixProduct(graph, types, weight('embeddings.token_type_embeddings.weight')))
}

interface LayerInputs {
  readonly name: string
  /** What is attended to [length * batch, hidden]. */
  readonly x: Value
  /** The rows that attend: x, or its first `batch` rows. */
  readonly queried: Value
  readonly mask: Value
}

function encoderLayer(graph: Graph, options: EncoderOptions, { name, x, queried, mask }: LayerInputs): Value {
  const { config, weight, batch } = options
  const headSize = config.hiddenSize / config.heads
  const rows = queried.shape[0] ?? 0
  const apply = (part: string, input: Value) =>
    linear(graph, input, weight(`${name}.${part}.weight`), weight(`${name}.${part}.bias`))
  const project = (part: string, input: Value) =>
    reshape(graph, apply(`attention.self.${part}`, input), [
      (input.shape[0] ?? 0) / batch,
      batch * config.heads,
      headSize,
    ])
  const scores = attentionScores(graph, project('query', queried), project('key', x), 1 / Math.sqrt(headSize))
  const attended = softmax(graph, scores, mask)
  const probabilities = dropout(graph, options, `${name}.attention`, attended, config.attentionDropout)
  const mixed = reshape(graph, attentionMix(graph, probabilities, project('value', x)), [rows, config.hiddenSize])
  const attention = dropout(
    graph,
    options,
    `${name}.attention.output`,
    apply('attention.output.dense', mixed),
    config.dropsAttentionOutput ? config.hiddenDropout : 0,
  )
  const between = norm(graph, options, `${name}.attention.output.LayerNorm`, add(graph, queried, attention))
  const weightsOf = (part: string) => ({
    weight: weight(`${name}.${part}.weight`),
    bias: weight(`${name}.${part}.bias`),
  })
  const fed = feedForward(graph, between, {
    first: weightsOf('intermediate.dense'),
    second: weightsOf('output.dense'),
    activation: config.activation,
  })
  const output = dropout(graph, options, `${name}.output`, fed, config.hiddenDropout)
  return norm(graph, options, `${name}.output.LayerNorm`, add(graph, between, output))
}

/** tanh(dense(first tokens)): [batch, hidden]. */
export function pooler(graph: Graph, weight: WeightOf, firstTokens: Value): Value {
  return tanh(graph, linear(graph, firstTokens, weight('pooler.dense.weight'), weight('pooler.dense.bias')))
}

function norm(graph: Graph, { config, weight }: EncoderOptions, name: string, x: Value): Value {
  return layerNorm(graph, x, weight(`${name}.weight`), weight(`${name}.bias`), config.layerNormEpsilon)
}

/** x times a mask from the host; x itself when there is no dropout. */
export function dropout(
  graph: Graph,
  { masks }: { readonly masks: DropoutMask[] | null },
  name: string,
  x: Value,
  rate: number,
): Value {
  if (masks === null || rate === 0) return x
  const mask = { name: `dropout:${name}`, shape: x.shape, rate }
  masks.push(mask)
  return multiply(graph, x, graph.input(mask.name, mask.shape))
}
