import type { BodyOptions, FeatureExtractor } from '../../training/engine.ts'
import { EVALUATION_BATCH } from '../../training/learner.ts'
import type { Tf } from './backends.ts'
import { encode } from './encoder.ts'
import { encoderTensors } from './inputs.ts'
import { byName, readTensor } from './parameters.ts'

/** The forward pass of a body over a copy of its weights. */
export function createExtractor(tf: Tf, { shape, body }: BodyOptions): FeatureExtractor {
  const tensors = new Map(body.map((weights) => [weights.name, tf.tensor(weights.data.slice(), [...weights.shape])]))
  const weight = byName(tensors, shape)
  const { hiddenSize } = shape.config
  return {
    async features(rows, length) {
      const options = { tf, shape, batch: EVALUATION_BATCH, length, weight, mask: null }
      const found = tf.tidy(() => encode(options, encoderTensors(tf, shape, options, rows)))
      const numbers = await readTensor(found)
      found.dispose()
      return rows.map((_, row) => numbers.slice(row * hiddenSize, (row + 1) * hiddenSize))
    },
    async release() {
      for (const tensor of tensors.values()) tensor.dispose()
    },
  }
}
