import { ColdmeshError } from '../../ports/errors.ts'
import { readBertSettings } from './bert.ts'
import type { EncoderConfig } from './encoder-config.ts'
import type { EncoderFamily } from './family.ts'
import type { Settings } from './settings.ts'

export const ROBERTA: EncoderFamily = {
  className: 'Roberta',
  prefix: 'roberta.',
  canPool: true,
  readConfig: readRobertaSettings,
  tensorName: (name) => name,
}

/** RoBERTa for a hundred languages: another tokenizer, the same encoder. */
export const XLM_ROBERTA: EncoderFamily = { ...ROBERTA, className: 'XLMRoberta' }

/** The rows of the position table up to that of the pad token's id are no token's. */
function readRobertaSettings(settings: Settings): Omit<EncoderConfig, 'family'> {
  const config = readBertSettings(settings, { padTokenId: 1, layerNormEpsilon: 1e-12 })
  const firstPosition = config.padTokenId + 1
  const maxPositions = config.maxPositions - firstPosition
  if (maxPositions > 0) return { ...config, firstPosition, maxPositions }
  throw new ColdmeshError(
    'bad-model',
    `config.json: max_position_embeddings ${config.maxPositions} leaves no place for a token: positions begin at pad_token_id + 1`,
  )
}
