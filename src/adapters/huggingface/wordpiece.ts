import { ColdmeshError } from '../../ports/errors.ts'
import { addedTokens, BERT_TOKENS, specialTokens } from './special-tokens.ts'

/**
 * The tokenizer.json that transformers' BertTokenizerFast makes of a vocab.txt and its tokenizer_config.json.
 * @throws ColdmeshError `bad-model` when a special token is not in the vocabulary
 */
export function wordpieceTokenizer(
  vocabulary: Uint8Array,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const vocab = parseVocabulary(vocabulary)
  const special = specialTokens(config, BERT_TOKENS)
  const idOf = (token: string): number => {
    const id = vocab.get(token)
    if (id !== undefined) return id
    throw new ColdmeshError('bad-model', `vocab.txt has no ${JSON.stringify(token)}.`, {
      hint: 'use the vocab.txt that belongs to this model, or name its special tokens in tokenizer_config.json',
    })
  }
  const { unk_token: unk, cls_token: cls, sep_token: sep } = special
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(special, idOf, { isNormalized: false, spaced: null }),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config['tokenize_chinese_chars'] !== false,
      strip_accents: typeof config['strip_accents'] === 'boolean' ? config['strip_accents'] : null,
      lowercase: config['do_lower_case'] !== false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [token(cls, 0), sequence('A', 0), token(sep, 0)],
      pair: [token(cls, 0), sequence('A', 0), token(sep, 0), sequence('B', 1), token(sep, 1)],
      special_tokens: Object.fromEntries([cls, sep].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  }
}

/** One token a line, its id the line's number; of two equal lines the later one counts, as in transformers. */
function parseVocabulary(bytes: Uint8Array): Map<string, number> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ColdmeshError('bad-model', 'vocab.txt is not UTF-8.', { cause, hint: 'download the file again' })
  }
  const lines = text.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  return new Map(lines.map((line, id) => [line, id]))
}

function token(id: string, type: number) {
  return { SpecialToken: { id, type_id: type } }
}

function sequence(id: 'A' | 'B', type: number) {
  return { Sequence: { id, type_id: type } }
}
