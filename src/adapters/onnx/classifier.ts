import type { Head, Weights } from '../../ports/trainer.ts'
import { type Bucket, type DropoutMask, dropout, encoder, pooler, type WeightOf } from './bert.ts'
import { type BertBody, type BertConfig, isWeight } from './bert-config.ts'
import type { Graph, Value } from './graph.ts'
import { initialWeights } from './initial-weights.ts'
import { crossEntropy } from './lookups.ts'
import { linear } from './operations.ts'
import type { GradientKind, ParameterSpec } from './parameters.ts'
import { defineForward, defineTraining, type Program } from './program.ts'

// The graphs of a classifier: an encoder, its pooler if it has one, and a linear head on the first token.

const WORDS = 'embeddings.word_embeddings.weight'
const HEAD_WEIGHT = 'classifier.weight'
const HEAD_BIAS = 'classifier.bias'

export interface ClassifierShape {
  readonly config: BertConfig
  readonly body: BertBody
  readonly classes: number
}

/** Name of the table that is looked up. */
export function wordTable({ body }: ClassifierShape): string {
  return body.prefix + WORDS
}

/** Parameters for finetuning everything, or, with `trained` false, for the forward pass only. */
export function classifierParameters(
  shape: ClassifierShape,
  body: readonly Weights[],
  { trained }: { trained: boolean },
): ParameterSpec[] {
  const gradientOf = (name: string): GradientKind => {
    if (!trained || !isWeight(name)) return 'none'
    return name === wordTable(shape) ? 'rows' : 'dense'
  }
  const bodySpecs = body.map(({ name, shape }) => ({ name, shape, gradient: gradientOf(name), group: 'body' as const }))
  return [...bodySpecs, ...headParameters(shape, { trained })]
}

export function headParameters(shape: ClassifierShape, { trained }: { trained: boolean }): ParameterSpec[] {
  const gradient = trained ? 'dense' : 'none'
  return headLayout(shape).map((tensor) => ({ ...tensor, gradient, group: 'head' }))
}

/** Names and shapes of a head's weights. */
export function headLayout({ config, classes }: ClassifierShape): Omit<Weights, 'data'>[] {
  return [
    { name: HEAD_WEIGHT, shape: [classes, config.hiddenSize] },
    { name: HEAD_BIAS, shape: [classes] },
  ]
}

/** `head`'s weights when it is for exactly these labels, else new ones. */
export function startingHead(shape: ClassifierShape, head: Head | null, labels: readonly string[], seed: number) {
  const layout = headLayout(shape)
  const fits =
    head !== null &&
    head.labels.length === labels.length &&
    head.labels.every((label, index) => label === labels[index]) &&
    layout.every(({ name, shape }) =>
      head.weights.some((weights) => weights.name === name && weights.shape.join() === shape.join()),
    )
  return { isNew: !fits, weights: fits ? head.weights : initialWeights(layout, seed) }
}

/** Inputs: the encoder's, `target` [batch, classes], `targetWeight` [batch, 1]. Outputs: `loss` and gradients. */
export function defineFinetuning(
  shape: ClassifierShape,
  parameters: readonly ParameterSpec[],
  bucket: Bucket,
): Program {
  return defineTraining(parameters, (graph, weight, masks) => {
    const pooled = features(graph, shape, bucket, weight, masks)
    const dropped = dropout(graph, { masks }, 'classifier', pooled, shape.config.classifierDropout)
    return classificationLoss(graph, logitsOf(graph, weight, dropped), bucket.batch)
  })
}

/** Inputs: the encoder's. Output: `logits` [batch, classes]. */
export function defineLogits(shape: ClassifierShape, parameters: readonly ParameterSpec[], bucket: Bucket): Program {
  return defineForward(parameters, (graph, weight) => ({
    logits: logitsOf(graph, weight, features(graph, shape, bucket, weight, null)),
  }))
}

/** Inputs: the encoder's. Output: `features` [batch, hidden], what the head reads. */
export function defineFeatures(shape: ClassifierShape, parameters: readonly ParameterSpec[], bucket: Bucket): Program {
  return defineForward(parameters, (graph, weight) => ({ features: features(graph, shape, bucket, weight, null) }))
}

/** Inputs: `features` [batch, hidden], `target`, `targetWeight`. Outputs: `loss`, `logits`, and the head's gradients. */
export function defineHeadTraining(
  shape: ClassifierShape,
  parameters: readonly ParameterSpec[],
  batch: number,
): Program {
  return defineTraining(parameters, (graph, weight) => {
    const logits = logitsOf(graph, weight, graph.input('features', [batch, shape.config.hiddenSize]))
    graph.output('logits', logits)
    return classificationLoss(graph, logits, batch)
  })
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

function classificationLoss(graph: Graph, logits: Value, batch: number): Value {
  const target = graph.input('target', logits.shape)
  return crossEntropy(graph, logits, target, graph.input('targetWeight', [batch, 1]))
}
