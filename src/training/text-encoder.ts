import type { Tokenizer } from '@huggingface/tokenizers'
import type { Example } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Model } from '../ports/trainer.ts'
import type { TokenRow } from './learner.ts'
import { checkTokenizer } from './tokenizer/check-tokenizer.ts'
import { openTokenizer } from './tokenizer/open-tokenizer.ts'

export interface TextEncoder {
  /** The tokens of a text or pair with special tokens, cut to at most `maxTokens`; of a pair, the longer text is cut first. */
  encode(example: Pick<Example, 'text' | 'pair'>): TokenRow
  /** The same tokens as the vocabulary writes them. */
  tokens(example: Pick<Example, 'text' | 'pair'>): readonly string[]
}

/** @throws ColdmeshError `bad-model` when tokenizer.json can't be used, or belongs to another model */
export function createTextEncoder(
  model: Pick<Model, 'tokenizer' | 'tokenizerConfig'>,
  limits: {
    readonly maxTokens: number
    readonly vocabSize: number
    readonly tokenTypes: number
    readonly padTokenId?: number
  },
): TextEncoder {
  checkTokenizer(model, limits)
  const tokenizer = open(model)
  const vocabulary = tokenizer.get_vocab(true)
  const processor = tokenizer.post_processor
  if (processor === null) {
    throw badTokenizer('tokenizer.json has no post_processor, so that no [CLS] is put before a text')
  }
  const tokensOf = (text: string) => tokenizer.tokenize(text, { add_special_tokens: false })
  const specialCount = (pair: boolean) => processor.post_process([], pair ? [] : null, true).tokens.length
  const specials = { single: specialCount(false), pair: specialCount(true) }
  const idOf = (token: string) => {
    const id = vocabulary.get(token) ?? tokenizer.model?.unk_token_id
    if (id !== undefined && id < limits.vocabSize) return id
    throw badTokenizer(`Token ${JSON.stringify(token)} has no id below the model's vocab_size ${limits.vocabSize}`)
  }
  function process({ text, pair }: Pick<Example, 'text' | 'pair'>) {
    const first = tokensOf(text)
    const second = pair === undefined ? null : tokensOf(pair)
    const room = limits.maxTokens - (second === null ? specials.single : specials.pair)
    const kept = keepLongestFirst(first.length, second?.length ?? 0, Math.max(0, room))
    return processor.post_process(first.slice(0, kept.first), second?.slice(0, kept.second) ?? null, true)
  }

  return {
    encode(example) {
      const { tokens, token_type_ids: types } = process(example)
      const ids = Int32Array.from(tokens, idOf)
      // A model with one token type takes no notice of the second text's.
      return types === undefined || limits.tokenTypes < 2 ? { ids } : { ids, types: Uint8Array.from(types) }
    },
    tokens: (example) => process(example).tokens,
  }
}

/** How many tokens of each of two texts fit in `room` when the longer one is cut first; an odd one out goes to the longer, or the second. */
export function keepLongestFirst(first: number, second: number, room: number): { first: number; second: number } {
  if (first + second <= room) return { first, second }
  const less = Math.floor(room / 2)
  const half = first > second ? room - less : less
  if (first <= half) return { first, second: room - first }
  if (second <= room - half) return { first: room - second, second }
  return { first: half, second: room - half }
}

function open(model: Pick<Model, 'tokenizer' | 'tokenizerConfig'>): Tokenizer {
  try {
    return openTokenizer(model)
  } catch (cause) {
    throw badTokenizer('tokenizer.json could not be read as a tokenizer', cause)
  }
}

function badTokenizer(message: string, cause?: unknown): ColdmeshError {
  return new ColdmeshError('bad-model', message, {
    cause,
    hint: 'Use the tokenizer.json and tokenizer_config.json that belong to this model.',
  })
}
