import type { BodyOptions, FeatureExtractor } from '../../training/engine.ts'
import { EVALUATION_BATCH } from '../../training/learner.ts'
import { bodyParameters, defineFeatures } from './classifier.ts'
import type { RuntimeOptions } from './full-learner.ts'
import { fillEncoderInputs } from './host-inputs.ts'
import { createParameterMemory, loadWeights } from './parameters.ts'
import { openProgram } from './program.ts'
import { createProgramCache } from './program-cache.ts'

/** The forward pass of a body over a copy of its weights. */
export function createExtractor({ shape, body }: BodyOptions, { runtime, threads }: RuntimeOptions): FeatureExtractor {
  const parameters = bodyParameters(body)
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
