import { ColdmeshError } from '../../ports/errors.ts'
import { addedTokens, ROBERTA_TOKENS, specialTokens } from './special-tokens.ts'

const HINT = 'use the vocab.json and merges.txt that belong to this model'

/**
 * The tokenizer.json that transformers' RobertaTokenizerFast makes of a vocab.json, a merges.txt and its tokenizer_config.json.
 * @throws ColdmeshError `bad-model` when a special token or what a merge makes is not in the vocabulary
 */
export function byteLevelTokenizer(
  vocab: Readonly<Record<string, unknown>>,
  mergesFile: Uint8Array,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const special = specialTokens(config, ROBERTA_TOKENS)
  const idOf = (token: string): number => {
    const id = vocab[token]
    if (typeof id === 'number') return id
    throw new ColdmeshError('bad-model', `vocab.json has no ${JSON.stringify(token)}.`, { hint: HINT })
  }
  const merges = parseMerges(mergesFile)
  for (const merge of merges) idOf(merge.replace(' ', ''))
  const { cls_token: cls, sep_token: sep, mask_token: mask } = special
  const add_prefix_space = config['add_prefix_space'] === true
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(special, idOf, { isNormalized: true, spaced: mask }),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [sep, idOf(sep)],
      cls: [cls, idOf(cls)],
      trim_offsets: true,
      add_prefix_space,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
    },
  }
}

/** One merge a line, two parts each, the most important first; a comment may come before. */
function parseMerges(bytes: Uint8Array): string[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ColdmeshError('bad-model', 'merges.txt is not UTF-8.', { cause, hint: 'download the file again' })
  }
  const lines = text.split(/\r?\n/).map((line, index) => ({ line, number: index + 1 }))
  return lines.flatMap(({ line, number }) => {
    if (line === '' || (number === 1 && line.startsWith('#version'))) return []
    if (/^\S+ \S+$/.test(line)) return [line]
    throw new ColdmeshError('bad-model', `Line ${number} of merges.txt is no pair of tokens.`, { hint: HINT })
  })
}
