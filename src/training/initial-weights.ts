import type { Model, Weights } from '../ports/trainer.ts'
import { isNormalization } from './adam.ts'
import { bodyLayout } from './encoders/encoder-body.ts'
import { readEncoderConfig } from './encoders/read-config.ts'
import { createRandom } from './random.ts'
import { elementCount } from './shape.ts'

/** Standard deviation of new weights, as in BERT. */
const DEVIATION = 0.02

/** New weights for `layout`: normal, biases zero, LayerNorm gains one. Each tensor's numbers depend on the seed and its name only. */
export function initialWeights(layout: readonly Omit<Weights, 'data'>[], seed: number): Weights[] {
  return layout.map(({ name, shape }) => {
    const data = new Float32Array(elementCount(shape))
    if (isNormalization(name) && name.endsWith('weight')) data.fill(1)
    else if (!name.endsWith('bias')) {
      const random = createRandom(seed, name)
      for (let index = 0; index < data.length; index++) data[index] = DEVIATION * random.normal()
    }
    return { name, shape, data }
  })
}

/**
 * A new body for `config`, its family's names, in the order of `BertModel`.
 *
 * @param options.pooler whether it has the dense layer over the first token that `BertModel` calls pooler
 * @throws ColdmeshError `bad-model`, `unsupported`
 */
export function createBody(config: Model['config'], options: { seed: number; pooler: boolean }): Weights[] {
  return initialWeights(bodyLayout(readEncoderConfig(config), options), options.seed)
}
