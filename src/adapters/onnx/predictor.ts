import type { Weights } from '../../ports/trainer.ts'
import { type ClassifierShape, classifierParameters, defineFeatures, defineLogits } from './classifier.ts'
import { fillEncoderInputs, type TokenRow } from './host-inputs.ts'
import { createProgramCache, likeliest } from './learner.ts'
import { createParameterMemory, loadWeights, type ParameterMemory, type ParameterSpec } from './parameters.ts'
import { openProgram } from './program.ts'
import type { Runtime } from './runtime.ts'

/** Rows of a forward pass: enough to keep the processor busy. */
export const EVALUATION_BATCH = 32

export interface ForwardOptions {
  readonly runtime: Runtime
  readonly threads: number
  readonly shape: ClassifierShape
}

export interface Predictor {
  /** The index of the likeliest label of each of at most EVALUATION_BATCH rows. */
  predict(rows: readonly TokenRow[], length: number): Promise<number[]>
  /** Logits [rows, classes]. */
  logits(rows: readonly TokenRow[], length: number): Promise<Float32Array>
  release(): Promise<void>
}

/** The forward pass over weights that are in `memory`, read anew each time. */
export function createPredictor(
  { runtime, threads, shape }: ForwardOptions,
  memory: ParameterMemory,
  parameters: readonly ParameterSpec[],
): Predictor {
  const bucket = (length: number) => ({ batch: EVALUATION_BATCH, length })
  const cache = createProgramCache((length) =>
    openProgram(defineLogits(shape, parameters, bucket(length)), { runtime, memory, threads }),
  )
  async function logits(rows: readonly TokenRow[], length: number): Promise<Float32Array> {
    const program = await cache.get(length)
    fillEncoderInputs(program, shape.config, bucket(length), rows)
    await program.run()
    return (program.outputs['logits'] ?? new Float32Array()).subarray(0, rows.length * shape.classes)
  }
  return {
    logits,
    predict: async (rows, length) => likeliest(await logits(rows, length), rows.length, shape.classes),
    release: () => cache.release(),
  }
}

/** A predictor with weights of its own. */
export function createModelPredictor(
  options: ForwardOptions,
  weights: { readonly body: readonly Weights[]; readonly head: readonly Weights[] },
): Predictor {
  const parameters = classifierParameters(options.shape, weights.body, { trained: false })
  const memory = createParameterMemory(parameters, {})
  loadWeights(memory, [...weights.body, ...weights.head])
  return createPredictor(options, memory, parameters)
}

export interface FeatureExtractor {
  /** What a head reads of each of at most EVALUATION_BATCH rows: hidden numbers each. */
  features(rows: readonly TokenRow[], length: number): Promise<Float32Array[]>
  release(): Promise<void>
}

export function createFeatureExtractor(
  { runtime, threads, shape }: ForwardOptions,
  body: readonly Weights[],
): FeatureExtractor {
  const parameters = classifierParameters(shape, body, { trained: false })
  const memory = createParameterMemory(parameters, {})
  loadWeights(memory, body)
  const bucket = (length: number) => ({ batch: EVALUATION_BATCH, length })
  const cache = createProgramCache((length) =>
    openProgram(defineFeatures(shape, parameters, bucket(length)), { runtime, memory, threads }),
  )
  const { hiddenSize } = shape.config
  return {
    async features(rows, length) {
      const program = await cache.get(length)
      fillEncoderInputs(program, shape.config, bucket(length), rows)
      await program.run()
      const features = program.outputs['features'] ?? new Float32Array()
      return rows.map((_, row) => features.slice(row * hiddenSize, (row + 1) * hiddenSize))
    },
    release: () => cache.release(),
  }
}
