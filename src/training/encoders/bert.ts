import type { Activation, EncoderConfig } from './encoder-config.ts'
import type { EncoderFamily } from './family.ts'
import { readChoice, readCount, readId, readNumber, requireSetting, type Settings } from './settings.ts'

/** transformers' names; three of them are one function. */
export const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ['gelu', 'gelu'],
  ['gelu_new', 'tanh-gelu'],
  ['gelu_fast', 'tanh-gelu'],
  ['gelu_pytorch_tanh', 'tanh-gelu'],
  ['relu', 'relu'],
])

/** BERT, MiniLM, and others whose config.json says `bert`. */
export const BERT: EncoderFamily = {
  className: 'Bert',
  prefix: 'bert.',
  canPool: true,
  readConfig: (settings) => readBertSettings(settings, { padTokenId: 0, layerNormEpsilon: 1e-12 }),
  tensorName: (name) => name,
}

/** config.json with the keys of `EncoderConfig`, which RoBERTa and ELECTRA share. @throws ColdmeshError `unsupported`, `bad-model` */
export function readBertSettings(
  settings: Settings,
  defaults: { readonly padTokenId: number; readonly layerNormEpsilon: number },
): Omit<EncoderConfig, 'family'> {
  requireSetting(settings, 'position_embedding_type', 'absolute')
  requireSetting(settings, 'is_decoder', false)
  requireSetting(settings, 'add_cross_attention', false)
  const hiddenDropout = readNumber(settings, 'hidden_dropout_prob', 0.1)
  const hiddenSize = readCount(settings, 'hidden_size')
  const vocabSize = readCount(settings, 'vocab_size')
  return {
    vocabSize,
    embeddingSize: hiddenSize,
    hiddenSize,
    layers: readCount(settings, 'num_hidden_layers'),
    heads: readCount(settings, 'num_attention_heads'),
    intermediateSize: readCount(settings, 'intermediate_size'),
    activation: readChoice(settings, 'hidden_act', 'gelu', ACTIVATIONS),
    maxPositions: readCount(settings, 'max_position_embeddings'),
    firstPosition: 0,
    learnsPositions: true,
    tokenTypes: readCount(settings, 'type_vocab_size', 2),
    layerNormEpsilon: readNumber(settings, 'layer_norm_eps', defaults.layerNormEpsilon),
    hiddenDropout,
    attentionDropout: readNumber(settings, 'attention_probs_dropout_prob', 0.1),
    classifierDropout: readNumber(settings, 'classifier_dropout', hiddenDropout),
    dropsAttentionOutput: true,
    padTokenId: readId(settings, 'pad_token_id', defaults.padTokenId, vocabSize),
  }
}
