import { ColdmeshError } from '../../ports/errors.ts'
import type { Weights } from '../../ports/trainer.ts'
import type { Bucket } from '../../training/encoder-inputs.ts'
import { type EncoderBody, isWeight, tensorName, WORD_TABLE } from '../../training/encoders/encoder-body.ts'
import type { EncoderConfig } from '../../training/encoders/encoder-config.ts'
import { encoder, type WeightOf } from './encoder.ts'
import { linearGelu } from './feed-forward.ts'
import { I32 } from './graph.ts'
import { crossEntropy, pickRows } from './lookups.ts'
import { layerNorm, linear } from './operations.ts'
import type { GradientKind, ParameterSpec } from './parameters.ts'
import { defineTraining, type OpenProgram, type Program } from './program.ts'

// The graph of masked language modelling: an encoder, and `BertForMaskedLM`'s prediction layers on the places to predict.

/** Share of the tokens of a batch that can be targets in one step. */
const MAX_TARGET_SHARE = 0.25
const DENSE = 'cls.predictions.transform.dense'
const NORM = 'cls.predictions.transform.LayerNorm'
const BIAS = 'cls.predictions.bias'

/** Targets that a batch can have. */
export function maxTargets({ batch, length }: Bucket): number {
  return Math.ceil(batch * length * MAX_TARGET_SHARE)
}

/** The encoder under the prediction layers. */
export interface PretrainedShape {
  readonly config: EncoderConfig
  readonly body: EncoderBody
}

/** Names and shapes of `BertForMaskedLM`'s own layers. */
export function predictionLayout({ hiddenSize, vocabSize }: EncoderConfig): Omit<Weights, 'data'>[] {
  return [
    { name: BIAS, shape: [vocabSize] },
    { name: `${DENSE}.weight`, shape: [hiddenSize, hiddenSize] },
    { name: `${DENSE}.bias`, shape: [hiddenSize] },
    { name: `${NORM}.weight`, shape: [hiddenSize] },
    { name: `${NORM}.bias`, shape: [hiddenSize] },
  ]
}

export function maskedLanguageParameters(
  shape: PretrainedShape,
  body: readonly Weights[],
  predictions: readonly Omit<Weights, 'data'>[],
): ParameterSpec[] {
  const gradientOf = (name: string): GradientKind => {
    if (name === tensorName(shape, WORD_TABLE)) return 'both' // looked up and, tied, the decoder's matrix
    return name.startsWith(`${shape.body.prefix}pooler.`) || !isWeight(name) ? 'none' : 'dense'
  }
  return [
    ...body.map(({ name, shape }) => ({ name, shape, gradient: gradientOf(name), group: 'body' as const })),
    ...predictions.map(({ name, shape }) => ({ name, shape, gradient: 'dense' as const, group: 'head' as const })),
  ]
}

export function defineMaskedLanguage(shape: PretrainedShape, specs: readonly ParameterSpec[], bucket: Bucket): Program {
  const { config } = shape
  const targetRows = maxTargets(bucket)
  return defineTraining(specs, (graph, weight, masks) => {
    const bodyWeight: WeightOf = (name) => weight(tensorName(shape, name))
    const x = encoder(graph, { ...bucket, config, weight: bodyWeight, masks, firstTokenOnly: false })
    const picked = pickRows(graph, x, graph.input('positions', [targetRows], { type: I32 }))
    const dense = linearGelu(graph, picked, { weight: weight(`${DENSE}.weight`), bias: weight(`${DENSE}.bias`) })
    const normalized = layerNorm(
      graph,
      dense,
      weight(`${NORM}.weight`),
      weight(`${NORM}.bias`),
      config.layerNormEpsilon,
    )
    const logits = linear(graph, normalized, bodyWeight(WORD_TABLE), weight(BIAS))
    const target = graph.input('target', [targetRows, config.vocabSize])
    return crossEntropy(graph, logits, target, graph.input('targetWeight', [targetRows, 1]))
  })
}

export function createTargetFiller(session: OpenProgram, config: EncoderConfig, bucket: Bucket) {
  const limit = maxTargets(bucket)
  const positions = session.integers['positions'] ?? new Int32Array()
  const target = session.floats['target'] ?? new Float32Array()
  const weights = session.floats['targetWeight'] ?? new Float32Array()
  const filled: number[] = []
  return (targets: Int32Array) => {
    // One-hot rows are cleared one by one: the whole is as large as the vocabulary.
    for (const index of filled) target[index] = 0
    filled.length = 0
    const count = targets.reduce((sum, id) => sum + Number(id >= 0), 0)
    if (count > limit) throw tooManyTargets(count, limit)
    positions.fill(0)
    weights.fill(0)
    for (const [index, id] of targets.entries()) {
      if (id < 0) continue
      const slot = filled.length
      positions[slot] = (index % bucket.length) * bucket.batch + Math.floor(index / bucket.length)
      weights[slot] = 1 / count
      target[slot * config.vocabSize + id] = 1 / count
      filled.push(slot * config.vocabSize + id)
    }
  }
}

function tooManyTargets(count: number, limit: number): ColdmeshError {
  return new ColdmeshError('bad-input', `A batch has ${count} targets, at most ${limit} fit`, {
    facts: { count, limit },
    hint: `Mask at most ${MAX_TARGET_SHARE * 100} % of the tokens.`,
  })
}
