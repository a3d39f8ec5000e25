import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import type { EncoderConfig } from '../../training/encoders/encoder-config.ts'
import { createTextEncoder } from '../../training/text-encoder.ts'
import { byteLevelTokenizer } from './byte-level.ts'
import { isRecord, parseJson, readJson, readSmall } from './read-file.ts'
import { BERT_TOKENS, ROBERTA_TOKENS } from './special-tokens.ts'
import { wordpieceTokenizer } from './wordpiece.ts'

export interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Paths of whoever made the model. */
const MACHINE_FIELDS = ['_name_or_path', 'name_or_path', 'special_tokens_map_file', 'tokenizer_file']
/** Tokens of any text: [CLS], one word, [SEP]. */
const PROBE_TOKENS = 8
const SENTENCE_PIECE_NAMES = ['sentencepiece.bpe.model', 'spiece.model', 'tokenizer.model']

/**
 * The tokenizer's files of a base; what is missing of tokenizer.json and tokenizer_config.json is made from vocab.txt, or from vocab.json
 * and merges.txt.
 * @throws ColdmeshError `bad-input` (no tokenizer), `bad-model` (one that does not fit the model)
 */
export async function readTokenizerFiles(
  directory: string,
  config: EncoderConfig,
): Promise<{ files: readonly NamedFile[]; made: readonly string[] }> {
  const vocabulary = await readSmall(directory, 'vocab.txt')
  const stated = await readJson(directory, 'tokenizer_config.json')
  const whole = await readSmall(directory, 'tokenizer.json')
  const made: string[] = []
  if (whole === null) made.push('tokenizer.json')
  const tokenizer =
    whole === null
      ? await makeTokenizer(directory, vocabulary, stated ?? {})
      : parseJson(whole, join(directory, 'tokenizer.json'))
  if (stated === null) made.push('tokenizer_config.json')
  const tokenizerConfig = stated === null ? configOf(tokenizer, config) : withoutMachine(stated)
  createTextEncoder({ tokenizer, tokenizerConfig }, { ...config, maxTokens: PROBE_TOKENS }).encode({ text: 'a' })
  const files: NamedFile[] = [
    { name: 'tokenizer.json', bytes: whole ?? new TextEncoder().encode(`${JSON.stringify(tokenizer)}\n`) },
    { name: 'tokenizer_config.json', bytes: encodeJson(tokenizerConfig) },
  ]
  if (vocabulary !== null) files.push({ name: 'vocab.txt', bytes: vocabulary })
  const special = await readSmall(directory, 'special_tokens_map.json')
  if (special !== null) files.push({ name: 'special_tokens_map.json', bytes: special })
  return { files, made }
}

export function encodeJson(value: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
}

/** @throws ColdmeshError `bad-input` when there is nothing to make it of */
async function makeTokenizer(
  directory: string,
  vocabulary: Uint8Array | null,
  stated: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  if (vocabulary !== null) return wordpieceTokenizer(vocabulary, stated)
  const tokens = await readJson(directory, 'vocab.json')
  const merges = await readSmall(directory, 'merges.txt')
  if (tokens !== null && merges !== null) return byteLevelTokenizer(tokens, merges, stated)
  const sentencePiece = SENTENCE_PIECE_NAMES.find((name) => existsSync(join(directory, name)))
  if (sentencePiece !== undefined) throw onlySentencePiece(directory, sentencePiece)
  throw new ColdmeshError(
    'bad-input',
    `${directory} has no tokenizer: neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt.`,
    { hint: "copy the model's tokenizer files there: a base is useless without them" },
  )
}

/** What transformers needs to know of a tokenizer.json that has no config beside it. */
function configOf(tokenizer: Readonly<Record<string, unknown>>, config: EncoderConfig): Record<string, unknown> {
  const { normalizer, model } = tokenizer
  const type = isRecord(model) ? model['type'] : undefined
  const maximum = { model_max_length: config.maxPositions }
  if (type === 'BPE') return { tokenizer_class: 'RobertaTokenizer', ...maximum, ...ROBERTA_TOKENS }
  if (type === 'Unigram') return { tokenizer_class: 'XLMRobertaTokenizer', ...maximum, ...ROBERTA_TOKENS }
  return {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: !isRecord(normalizer) || normalizer['lowercase'] !== false,
    ...maximum,
    ...BERT_TOKENS,
  }
}

/** Without what says where somebody's files were. */
export function withoutMachine(stated: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(stated).filter(([name]) => !MACHINE_FIELDS.includes(name)))
}

function onlySentencePiece(directory: string, name: string): ColdmeshError {
  const make = `python3 -c "from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('DIR').save_pretrained('DIR')"`
  return new ColdmeshError(
    'bad-input',
    `${directory} has ${name}, but no tokenizer.json, which is what coldmesh reads.`,
    {
      hint: `make it with transformers (and sentencepiece, protobuf): ${make}`,
    },
  )
}
