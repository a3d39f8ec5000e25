import { ACTIVATIONS } from './bert.ts'
import type { EncoderFamily } from './family.ts'
import { readChoice, readCount, readId, readNumber } from './settings.ts'

/** What `BertModel` calls a part of a layer, and DistilBERT's word for it. */
const PARTS: readonly (readonly [string, string])[] = [
  ['attention.self.query', 'attention.q_lin'],
  ['attention.self.key', 'attention.k_lin'],
  ['attention.self.value', 'attention.v_lin'],
  ['attention.output.dense', 'attention.out_lin'],
  ['attention.output.LayerNorm', 'sa_layer_norm'],
  ['intermediate.dense', 'ffn.lin1'],
  ['output.dense', 'ffn.lin2'],
  ['output.LayerNorm', 'output_layer_norm'],
]
const LAYER = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$/

export const DISTILBERT: EncoderFamily = {
  className: 'DistilBert',
  prefix: 'distilbert.',
  canPool: false,
  readConfig(settings) {
    const vocabSize = readCount(settings, 'vocab_size')
    const hiddenSize = readCount(settings, 'dim')
    return {
      vocabSize,
      embeddingSize: hiddenSize,
      hiddenSize,
      layers: readCount(settings, 'n_layers'),
      heads: readCount(settings, 'n_heads'),
      intermediateSize: readCount(settings, 'hidden_dim'),
      activation: readChoice(settings, 'activation', 'gelu', ACTIVATIONS),
      maxPositions: readCount(settings, 'max_position_embeddings', 512),
      firstPosition: 0,
      learnsPositions: settings['sinusoidal_pos_embds'] !== true,
      tokenTypes: 0,
      layerNormEpsilon: 1e-12,
      hiddenDropout: readNumber(settings, 'dropout', 0.1),
      attentionDropout: readNumber(settings, 'attention_dropout', 0.1),
      classifierDropout: readNumber(settings, 'seq_classif_dropout', 0.2),
      dropsAttentionOutput: false,
      padTokenId: readId(settings, 'pad_token_id', 0, vocabSize),
    }
  },
  tensorName(name) {
    const [, layer, part, kind] = LAYER.exec(name) ?? []
    const own = PARTS.find(([theirs]) => theirs === part)?.[1]
    return own === undefined ? name : `transformer.layer.${layer}.${own}.${kind}`
  },
}
