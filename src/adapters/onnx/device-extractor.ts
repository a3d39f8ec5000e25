import type { BodyOptions, FeatureExtractor } from '../../training/engine.ts'
import { EVALUATION_BATCH } from '../../training/learner.ts'
import { bodyParameters, defineFeatures } from './classifier.ts'
import { encoderFeeds, float32 } from './device-batch.ts'
import { createDeviceCopies, openDeviceSession } from './device-session.ts'
import { dispose, floats, inputsAmong } from './device-tensors.ts'
import { createProgramCache } from './program-cache.ts'
import type { Runtime } from './runtime.ts'

/** The forward pass of a body whose weights are on the GPU. */
export async function createDeviceExtractor({ shape, body }: BodyOptions, runtime: Runtime): Promise<FeatureExtractor> {
  const parameters = bodyParameters(body)
  const copies = createDeviceCopies(runtime)
  const given = body.map(({ name, shape, data }) => [name, float32(runtime, data, shape)] as const)
  const weights = await copies.upload(Object.fromEntries(given))
  const bucket = (length: number) => ({ batch: EVALUATION_BATCH, length })
  const cache = createProgramCache(async (length) => {
    const program = defineFeatures(shape, parameters, bucket(length), { isPlain: true })
    return { ...program, ...(await openDeviceSession(runtime, program.graph, () => true)) }
  })
  const { hiddenSize } = shape.config
  return {
    async features(rows, length) {
      const program = await cache.get(length)
      const outputs = await program.run({
        ...inputsAmong(program.graph.inputs, weights),
        ...encoderFeeds(runtime, shape, bucket(length), rows),
      })
      const features = floats(outputs['features'])
      return rows.map((_, row) => features.slice(row * hiddenSize, (row + 1) * hiddenSize))
    },
    async release() {
      dispose(weights)
      await cache.release()
      await copies.release()
    },
  }
}
