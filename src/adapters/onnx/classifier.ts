import type { Weights } from '../../ports/trainer.ts'
import { isWeight } from '../../training/bert-config.ts'
import { type ClassifierShape, HEAD_BIAS, HEAD_WEIGHT, headLayout, wordTable } from '../../training/classifier.ts'
import type { Bucket } from '../../training/encoder-inputs.ts'
import { type DropoutMask, dropout, encoder, pooler, type WeightOf } from './bert.ts'
import type { Graph, GraphOptions, Value } from './graph.ts'
import { crossEntropy } from './lookups.ts'
import { add, linear } from './operations.ts'
import type { GradientKind, ParameterSpec } from './parameters.ts'
import { type Define, defineForward, defineTraining, type Program } from './program.ts'

// The graphs of a classifier: an encoder, its pooler if it has one, and a linear head on the first token.

/** Parameters for finetuning everything. */
export function classifierParameters(shape: ClassifierShape, body: readonly Weights[]): ParameterSpec[] {
  const gradientOf = (name: string): GradientKind => {
    if (!isWeight(name)) return 'none'
    return name === wordTable(shape) ? 'rows' : 'dense'
  }
  return [
    ...body.map(({ name, shape }) => ({ name, shape, gradient: gradientOf(name), group: 'body' as const })),
    ...headLayout(shape).map((tensor) => ({ ...tensor, gradient: 'dense' as const, group: 'head' as const })),
  ]
}

/** Parameters for a body's forward pass only. */
export function bodyParameters(body: readonly Weights[]): ParameterSpec[] {
  return body.map(({ name, shape }) => ({ name, shape, gradient: 'none', group: 'body' }))
}

/**
 * Inputs: the encoder's, `target` [batch, classes], `targetWeight` [batch, 1], `choices` [batch, classes]: added to the logits, 0 for
 * those that a row's label is one of. Outputs: `loss` and gradients.
 */
export function defineFinetuning(
  shape: ClassifierShape,
  parameters: readonly ParameterSpec[],
  bucket: Bucket,
): Program {
  return defineTraining(parameters, finetuningLoss(shape, bucket))
}

/** The loss of a batch: what `defineFinetuning` differentiates. */
export function finetuningLoss(shape: ClassifierShape, bucket: Bucket) {
  return (graph: Graph, weight: WeightOf, masks: DropoutMask[]): Value => {
    const pooled = features(graph, shape, bucket, weight, masks)
    const dropped = dropout(graph, { masks }, 'classifier', pooled, shape.config.classifierDropout)
    const logits = chooseAmong(graph, logitsOf(graph, weight, dropped))
    const target = graph.input('target', logits.shape)
    return crossEntropy(graph, logits, target, graph.input('targetWeight', [bucket.batch, 1]))
  }
}

function chooseAmong(graph: Graph, logits: Value): Value {
  return add(graph, logits, graph.input('choices', logits.shape))
}

/** Inputs: the encoder's. Output: `logits` [batch, classes]. */
export function defineLogits(
  shape: ClassifierShape,
  parameters: readonly ParameterSpec[],
  bucket: Bucket,
  options: GraphOptions = {},
): Program {
  const define: Define = (graph, weight) => ({
    logits: logitsOf(graph, weight, features(graph, shape, bucket, weight, null)),
  })
  return defineForward(parameters, define, options)
}

/** Inputs: the encoder's. Output: `features` [batch, hidden], what the head reads. */
export function defineFeatures(
  shape: ClassifierShape,
  parameters: readonly ParameterSpec[],
  bucket: Bucket,
  options: GraphOptions = {},
): Program {
  const define: Define = (graph, weight) => ({ features: features(graph, shape, bucket, weight, null) })
  return defineForward(parameters, define, options)
}

function features(
  graph: Graph,
  { config, body }: ClassifierShape,
  bucket: Bucket,
  weight: WeightOf,
  masks: DropoutMask[] | null,
): Value {
  const firstTokens = encoder(graph, { ...bucket, config, weight, masks, firstTokenOnly: true })
  return body.pooler ? pooler(graph, weight, firstTokens) : firstTokens
}

function logitsOf(graph: Graph, weight: WeightOf, pooled: Value): Value {
  return linear(graph, pooled, weight(HEAD_WEIGHT), weight(HEAD_BIAS))
}
