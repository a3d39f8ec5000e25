import type { Dataset, Example } from '../../../src/ports/dataset.ts'
import type { Model } from '../../../src/ports/trainer.ts'
import { createBody } from '../../../src/training/initial-weights.ts'

// A dataset of plain English sentences about three things, and a tiny model whose vocabulary is their words.

const SENTENCES: Readonly<
  Record<string, { who: readonly string[]; what: readonly string[]; where: readonly string[] }>
> = {
  cooking: {
    who: ['the baker', 'my aunt', 'a young chef', 'the cook'],
    what: ['kneads the dough', 'salts the soup', 'peels two onions', 'bakes a plum cake', 'stirs the sauce'],
    where: ['in a warm kitchen', 'before dinner', 'with a wooden spoon', 'for the guests'],
  },
  weather: {
    who: ['a cold wind', 'heavy rain', 'the morning fog', 'a summer storm'],
    what: ['covers the valley', 'moves in from the sea', 'bends the old trees', 'hides the sun', 'soaks the fields'],
    where: ['until noon', 'before dinner', 'across the hills', 'all day long'],
  },
  music: {
    who: ['the violinist', 'my aunt', 'a young drummer', 'the choir'],
    what: ['plays a slow waltz', 'sings the last verse', 'keeps the beat', 'tunes the strings', 'practises the scales'],
    where: ['in a small hall', 'all day long', 'with the orchestra', 'for the guests'],
  },
}

/** 240 sentences, 80 of each label. */
export function sentences(): Example[] {
  return Object.entries(SENTENCES).flatMap(([label, { who, what, where }]) =>
    who.flatMap((a) => what.flatMap((b) => where.map((c) => ({ text: `${a} ${b} ${c}.`, label })))),
  )
}

export function sentenceDataset(): Dataset {
  return { name: 'sentences', labels: Object.keys(SENTENCES).sort(), examples: sentences() }
}

const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']

export function tinyModel(options: { seed?: number; pooler?: boolean; dropout?: number; layers?: number } = {}): Model {
  const { seed = 1, pooler = true, dropout = 0.1, layers = 2 } = options
  const words = new Set(sentences().flatMap(({ text }) => text.split(/[ .]/).filter((word) => word !== '')))
  const vocabulary = [...SPECIAL_TOKENS, '.', ...words]
  const config = {
    model_type: 'bert',
    vocab_size: vocabulary.length,
    hidden_size: 32,
    num_hidden_layers: layers,
    num_attention_heads: 2,
    intermediate_size: 64,
    max_position_embeddings: 32,
    type_vocab_size: 2,
    hidden_act: 'gelu',
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
  }
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
  const sequence = { Sequence: { id: 'A', type_id: 0 } }
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), sequence, special('[SEP]')],
      pair: [special('[CLS]'), sequence, special('[SEP]'), { Sequence: { id: 'B', type_id: 1 } }, special('[SEP]')],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  }
  return {
    config,
    tokenizer,
    tokenizerConfig: { tokenizer_class: 'BertTokenizer' },
    body: createBody(config, { seed, pooler }),
  }
}
