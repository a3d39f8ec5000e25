import { ColdmeshError } from '../../ports/errors.ts'
import type { Weights } from '../../ports/trainer.ts'
import { type BertConfig, isWeight } from '../../training/bert-config.ts'
import type { Bucket } from '../../training/encoder-inputs.ts'
import { encoder } from './bert.ts'
import { I32 } from './graph.ts'
import { crossEntropy, pickRows } from './lookups.ts'
import { layerNorm, linear, linearGelu } from './operations.ts'
import type { GradientKind, ParameterSpec } from './parameters.ts'
import { defineTraining, type OpenProgram, type Program } from './program.ts'

// The graph of masked language modelling: an encoder, and `BertForMaskedLM`'s prediction layers on the places to predict.

/** Share of the tokens of a batch that can be targets in one step. */
const MAX_TARGET_SHARE = 0.25
const WORDS = 'embeddings.word_embeddings.weight'
const DENSE = 'cls.predictions.transform.dense'
const NORM = 'cls.predictions.transform.LayerNorm'
const BIAS = 'cls.predictions.bias'

/** Targets that a batch can have. */
export function maxTargets({ batch, length }: Bucket): number {
  return Math.ceil(batch * length * MAX_TARGET_SHARE)
}

/** Name of the table that is looked up and, tied, the decoder's matrix. */
export function wordTable(prefix: string): string {
  return prefix + WORDS
}

/** Names and shapes of `BertForMaskedLM`'s own layers. */
export function predictionLayout({ hiddenSize, vocabSize }: BertConfig): Omit<Weights, 'data'>[] {
  return [
    { name: BIAS, shape: [vocabSize] },
    { name: `${DENSE}.weight`, shape: [hiddenSize, hiddenSize] },
    { name: `${DENSE}.bias`, shape: [hiddenSize] },
    { name: `${NORM}.weight`, shape: [hiddenSize] },
    { name: `${NORM}.bias`, shape: [hiddenSize] },
  ]
}

export function maskedLanguageParameters(
  body: readonly Weights[],
  prefix: string,
  predictions: readonly Omit<Weights, 'data'>[],
): ParameterSpec[] {
  const gradientOf = (name: string): GradientKind => {
    if (name === prefix + WORDS) return 'both' // looked up and, tied, the decoder's matrix
    return name.startsWith(`${prefix}pooler.`) || !isWeight(name) ? 'none' : 'dense'
  }
  return [
    ...body.map(({ name, shape }) => ({ name, shape, gradient: gradientOf(name), group: 'body' as const })),
    ...predictions.map(({ name, shape }) => ({ name, shape, gradient: 'dense' as const, group: 'head' as const })),
  ]
}

export function defineMaskedLanguage(config: BertConfig, specs: readonly ParameterSpec[], bucket: Bucket): Program {
  const targetRows = maxTargets(bucket)
  return defineTraining(specs, (graph, weight, masks) => {
    const x = encoder(graph, { ...bucket, config, weight, masks, firstTokenOnly: false })
    const picked = pickRows(graph, x, graph.input('positions', [targetRows], { type: I32 }))
    const dense = linearGelu(graph, picked, { weight: weight(`${DENSE}.weight`), bias: weight(`${DENSE}.bias`) })
    const normalized = layerNorm(
      graph,
      dense,
      weight(`${NORM}.weight`),
      weight(`${NORM}.bias`),
      config.layerNormEpsilon,
    )
    const logits = linear(graph, normalized, weight(WORDS), weight(BIAS))
    const target = graph.input('target', [targetRows, config.vocabSize])
    return crossEntropy(graph, logits, target, graph.input('targetWeight', [targetRows, 1]))
  })
}

export function createTargetFiller(session: OpenProgram, config: BertConfig, bucket: Bucket) {
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
