export const FAMILY_NAMES = ['bert', 'roberta', 'xlm-roberta', 'distilbert', 'electra'] as const
export type FamilyName = (typeof FAMILY_NAMES)[number]

/** Of the feed-forward block; `tanh-gelu` is the approximation by tanh. */
export type Activation = 'gelu' | 'tanh-gelu' | 'relu'

/** What the engines know of an encoder, whatever its family calls it. */
export interface EncoderConfig {
  readonly family: FamilyName
  readonly vocabSize: number
  /** Numbers of a token's embedding; where they aren't `hiddenSize`, a linear layer makes them so. */
  readonly embeddingSize: number
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly intermediateSize: number
  readonly activation: Activation
  /** Tokens of the longest row. */
  readonly maxPositions: number
  /** Row of the position table for a row's first token. */
  readonly firstPosition: number
  /** Whether positions are parameters; sines otherwise, which the body holds as a tensor all the same. */
  readonly learnsPositions: boolean
  /** 0: the family has none. */
  readonly tokenTypes: number
  readonly layerNormEpsilon: number
  readonly hiddenDropout: number
  readonly attentionDropout: number
  readonly classifierDropout: number
  /** Whether `hiddenDropout` is also applied to what the attention gives. */
  readonly dropsAttentionOutput: boolean
  readonly padTokenId: number
}

/** The config with all dropout set to `dropout`; null leaves it. */
export function withDropout(config: EncoderConfig, dropout: number | null): EncoderConfig {
  if (dropout === null) return config
  return { ...config, hiddenDropout: dropout, attentionDropout: dropout, classifierDropout: dropout }
}
