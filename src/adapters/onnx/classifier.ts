import type { TaskType } from '../../ports/dataset.ts'
import type { TrainingPlan, Weights } from '../../ports/trainer.ts'
import { type ClassifierShape, HEAD_BIAS, HEAD_WEIGHT, headLayout, wordTable } from '../../training/classifier.ts'
import type { Bucket } from '../../training/encoder-inputs.ts'
import { isWeight, tensorName } from '../../training/encoders/encoder-body.ts'
import { isFixed } from '../../training/freezing.ts'
import { type DropoutMask, dropout, encoder, pooler, type WeightOf } from './encoder.ts'
import type { Graph, GraphOptions, Value } from './graph.ts'
import { binaryCrossEntropy, crossEntropy, rowsFrom, squaredError } from './lookups.ts'
import { add, linear } from './operations.ts'
import type { GradientKind, ParameterSpec } from './parameters.ts'
import { type Define, defineForward, defineTraining, type Program } from './program.ts'

// The graphs of a classifier: an encoder, its pooler if it has one, and a linear head on the first token.

/** Parameters for finetuning everything but what the plan freezes. */
export function classifierParameters(
  shape: ClassifierShape,
  body: readonly Weights[],
  freeze: TrainingPlan['freeze'] = null,
): ParameterSpec[] {
  const gradientOf = (name: string): GradientKind => {
    if (!isWeight(name) || isFixed(name, shape, freeze)) return 'none'
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

/** How large the batches of a graph are, and how much of its last layer is computed. */
export interface FinetuningBucket extends Bucket {
  /** The last layer computes all tokens, as PyTorch does, and not the first of each row alone. For comparing speeds: the results are the same. */
  readonly wholeLastLayer?: boolean | undefined
}

/** Inputs: the encoder's, and those of the task's loss: `LossInputs` or `OutputLossInputs` of src/training. Outputs: `loss` and gradients. */
export function defineFinetuning(
  shape: ClassifierShape,
  parameters: readonly ParameterSpec[],
  bucket: FinetuningBucket,
  task: TaskType = 'single-label',
): Program {
  return defineTraining(parameters, finetuningLoss(shape, bucket, task))
}

/** The loss of a batch: what `defineFinetuning` differentiates. */
export function finetuningLoss(shape: ClassifierShape, bucket: FinetuningBucket, task: TaskType) {
  return (graph: Graph, weight: WeightOf, masks: DropoutMask[]): Value => {
    const pooled = features(graph, shape, bucket, weight, masks)
    const dropped = dropout(graph, { masks }, 'classifier', pooled, shape.config.classifierDropout)
    return lossOf(graph, logitsOf(graph, weight, dropped), task)
  }
}

function lossOf(graph: Graph, logits: Value, task: TaskType): Value {
  const target = graph.input('target', logits.shape)
  if (task === 'single-label') {
    const chosen = add(graph, logits, graph.input('choices', logits.shape))
    return crossEntropy(graph, chosen, target, graph.input('targetWeight', [logits.shape[0] ?? 0, 1]))
  }
  const loss = task === 'multi-label' ? binaryCrossEntropy : squaredError
  return loss(graph, logits, target, graph.input('targetWeight', logits.shape))
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
  shape: ClassifierShape,
  { batch, length, wholeLastLayer = false }: FinetuningBucket,
  weightOf: WeightOf,
  masks: DropoutMask[] | null,
): Value {
  const { config, body } = shape
  const weight: WeightOf = (name) => weightOf(tensorName(shape, name))
  const hidden = encoder(graph, { batch, length, config, weight, masks, firstTokenOnly: !wholeLastLayer })
  const firstTokens = wholeLastLayer ? rowsFrom(graph, hidden, 0, batch) : hidden
  return body.pooler ? pooler(graph, weight, firstTokens) : firstTokens
}

function logitsOf(graph: Graph, weight: WeightOf, pooled: Value): Value {
  return linear(graph, pooled, weight(HEAD_WEIGHT), weight(HEAD_BIAS))
}
