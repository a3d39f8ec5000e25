import { ColdmeshError } from '../../ports/errors.ts'
import type { EncoderConfig } from './encoder-config.ts'
import { FAMILIES, familyOf } from './families.ts'
import { type Settings, unsupported } from './settings.ts'

/** @throws ColdmeshError `unsupported` for another architecture, `bad-model` for values that are missing or contradict each other */
export function readEncoderConfig(settings: Settings): EncoderConfig {
  const family = familyOf(settings)
  const config = { family, ...FAMILIES[family].readConfig(settings) }
  if (config.hiddenSize % config.heads !== 0) {
    throw new ColdmeshError(
      'bad-model',
      `config.json: the hidden size ${config.hiddenSize} isn't a multiple of its ${config.heads} attention heads`,
    )
  }
  for (const size of [config.hiddenSize, config.embeddingSize]) {
    if (size % 4 === 0) continue
    throw unsupported(`config.json has vectors of ${size} numbers`, {}, 'Sizes must be multiples of 4.')
  }
  return config
}
