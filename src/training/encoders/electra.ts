import { readBertSettings } from './bert.ts'
import type { EncoderFamily } from './family.ts'
import { readCount } from './settings.ts'

/** The encoder of a discriminator or a generator: embeddings may be smaller than what the layers read. */
export const ELECTRA: EncoderFamily = {
  className: 'Electra',
  prefix: 'electra.',
  canPool: false,
  readConfig: (settings) => ({
    ...readBertSettings(settings, { padTokenId: 0, layerNormEpsilon: 1e-12 }),
    embeddingSize: readCount(settings, 'embedding_size', 128),
  }),
  tensorName: (name) => name,
}
