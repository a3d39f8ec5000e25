import { adamWScratch, createAdamW } from '../../../src/adapters/onnx/adamw.ts'
import { encoder } from '../../../src/adapters/onnx/encoder.ts'
import type { Bucket } from '../../../src/training/encoder-inputs.ts'
import { withDropout } from '../../../src/training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import { linearGelu } from '../../../src/adapters/onnx/feed-forward.ts'
import { I32 } from '../../../src/adapters/onnx/graph.ts'
import { fillEncoderInputs, MASK_STATE_FLOATS } from '../../../src/adapters/onnx/host-inputs.ts'
import { initialWeights } from '../../../src/training/initial-weights.ts'
import { crossEntropy, pickRows } from '../../../src/adapters/onnx/lookups.ts'
import { layerNorm, linear } from '../../../src/adapters/onnx/operations.ts'
import {
  createParameterMemory,
  loadWeights,
  type ParameterSpec,
  readWeights,
} from '../../../src/adapters/onnx/parameters.ts'
import { defineTraining, openProgram } from '../../../src/adapters/onnx/program.ts'
import { loadRuntime } from '../../../src/adapters/onnx/runtime.ts'
import type { Model, Weights } from '../../../src/ports/trainer.ts'
import type { MlmBatch } from './mlm-batches.ts'

export const WORD_EMBEDDINGS = 'embeddings.word_embeddings.weight'
const TRANSFORM = 'cls.predictions.transform'
export const PREDICTION_BIAS = 'cls.predictions.bias'

export interface MlmTrainerOptions {
  readonly config: Model['config']
  readonly body: readonly Weights[]
  /** Prediction layers, from `createPredictions` or from an earlier run. */
  readonly predictions: readonly Weights[]
  /** Tokens of a batch, padding included, and the lengths that batches come in. */
  readonly tokens: number
  readonly lengths: readonly number[]
  /** Share of a batch's tokens that can be predicted; what is over is left out. */
  readonly targetShare: number
  readonly weightDecay: number
  readonly clipNorm: number
  readonly threads: number
}

/** New prediction layers of `BertForMaskedLM`; its decoder is the word embeddings. */
export function createPredictions(config: Model['config'], seed: number): Weights[] {
  const { hiddenSize, vocabSize } = readEncoderConfig(config)
  const layout = [
    { name: PREDICTION_BIAS, shape: [vocabSize] },
    { name: `${TRANSFORM}.dense.weight`, shape: [hiddenSize, hiddenSize] },
    { name: `${TRANSFORM}.dense.bias`, shape: [hiddenSize] },
    { name: `${TRANSFORM}.LayerNorm.weight`, shape: [hiddenSize] },
    { name: `${TRANSFORM}.LayerNorm.bias`, shape: [hiddenSize] },
  ]
  return initialWeights(layout, seed)
}

/**
 * Masked language modelling on the engine of the onnx adapter, without dropout: one compiled graph per length over one set
 * of weights, so that short texts cost little, and with token types, so that the second segment's are learned.
 */
export async function createMlmTrainer(options: MlmTrainerOptions) {
  const config = withDropout(readEncoderConfig(options.config), 0)
  const { vocabSize } = config
  const specs: ParameterSpec[] = [...options.body, ...options.predictions].map(({ name, shape }) => ({
    name,
    shape,
    gradient: name === WORD_EMBEDDINGS ? 'both' : name.startsWith('pooler.') ? 'none' : 'dense',
    group: 'body',
  }))
  const adamWOptions = {
    weightDecay: options.weightDecay,
    clipNorm: options.clipNorm,
    accumulation: 1,
    table: { name: WORD_EMBEDDINGS, maxIds: options.tokens },
  }
  const memory = createParameterMemory(specs, {
    ...adamWScratch(adamWOptions, specs),
    masks: 0,
    maskState: MASK_STATE_FLOATS,
  })
  loadWeights(memory, options.body)
  loadWeights(memory, options.predictions)
  const runtime = await loadRuntime()
  const adamW = createAdamW(memory, adamWOptions)

  const define = (bucket: Bucket, targetRows: number) =>
    defineTraining(specs, (graph, weight, masks) => {
      const x = encoder(graph, { ...bucket, config, weight, masks, firstTokenOnly: false })
      const picked = pickRows(graph, x, graph.input('positions', [targetRows], { type: I32 }))
      const part = (name: string) => ({ weight: weight(`${name}.weight`), bias: weight(`${name}.bias`) })
      const dense = linearGelu(graph, picked, part(`${TRANSFORM}.dense`))
      const norm = part(`${TRANSFORM}.LayerNorm`)
      const normalized = layerNorm(graph, dense, norm.weight, norm.bias, config.layerNormEpsilon)
      const logits = linear(graph, normalized, weight(WORD_EMBEDDINGS), weight(PREDICTION_BIAS))
      const target = graph.input('target', [targetRows, vocabSize])
      return crossEntropy(graph, logits, target, graph.input('targetWeight', [targetRows, 1]))
    })

  async function openBucket(length: number) {
    const bucket = { batch: Math.floor(options.tokens / length), length }
    const targetRows = Math.ceil(bucket.batch * length * options.targetShare)
    const session = await openProgram(define(bucket, targetRows), { runtime, memory, threads: options.threads })
    const tableIds = new Int32Array(bucket.batch * length)
    const { positions, target, targetWeight } = { ...session.integers, ...session.floats }
    if (!(positions instanceof Int32Array) || !(target instanceof Float32Array) || targetWeight === undefined) {
      throw new Error('the graph lacks its targets')
    }
    const filled: number[] = []
    return async (batch: MlmBatch): Promise<number> => {
      const rows = Array.from({ length: bucket.batch }, (_, row) => {
        const [start, end] = [row * length, row * length + (batch.lengths[row] ?? 0)]
        return { ids: batch.ids.subarray(start, end), types: batch.types.subarray(start, end) }
      })
      fillEncoderInputs(session, config, bucket, rows, tableIds)
      for (const index of filled) target[index] = 0
      filled.length = 0
      positions.fill(0)
      targetWeight.fill(0)
      const count = Math.min(targetRows, batch.positions.length)
      for (let slot = 0; slot < count; slot++) {
        const position = batch.positions[slot] ?? 0
        const index = slot * vocabSize + (batch.labels[slot] ?? 0)
        positions[slot] = (position % length) * bucket.batch + Math.floor(position / length)
        targetWeight[slot] = 1 / count
        target[index] = 1 / count
        filled.push(index)
      }
      await session.run()
      adamW.add(tableIds)
      return session.outputs['loss']?.[0] ?? Number.NaN
    }
  }
  const buckets = new Map<number, Awaited<ReturnType<typeof openBucket>>>()
  for (const length of options.lengths) buckets.set(length, await openBucket(length))

  return {
    /** One batch and one step of AdamW at `rate`; returns the mean loss over its targets. */
    async step(batch: MlmBatch, rate: number): Promise<number> {
      const run = buckets.get(batch.length)
      if (run === undefined) throw new Error(`no batches of length ${batch.length}`)
      const loss = await run(batch)
      adamW.step({ body: rate, head: rate })
      return loss
    },
    body: () => readWeights(memory, options.body),
    predictions: () => readWeights(memory, options.predictions),
  }
}
