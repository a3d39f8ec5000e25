import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import type { EncoderConfig } from '../../training/encoders/encoder-config.ts'
import { createTextEncoder } from '../../training/text-encoder.ts'
import { isRecord, parseJson, readJson, readSmall } from './read-file.ts'
import { specialTokens, wordpieceTokenizer } from './wordpiece.ts'

export interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Paths of whoever made the model. */
const MACHINE_FIELDS = ['name_or_path', 'special_tokens_map_file', 'tokenizer_file']
/** Tokens of any text: [CLS], one word, [SEP]. */
const PROBE_TOKENS = 8

/**
 * The tokenizer's files of a base; what is missing of tokenizer.json and tokenizer_config.json is made from vocab.txt.
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
  if (whole === null) {
    if (vocabulary === null) throw noTokenizer(directory)
    made.push('tokenizer.json')
  }
  const tokenizer =
    whole === null
      ? wordpieceTokenizer(vocabulary ?? new Uint8Array(), stated ?? {})
      : parseJson(whole, join(directory, 'tokenizer.json'))
  if (stated === null) made.push('tokenizer_config.json')
  const tokenizerConfig = stated === null ? configOf(tokenizer, config) : withoutMachine(stated)
  checkVocabulary(tokenizer, config)
  createTextEncoder(
    { tokenizer, tokenizerConfig },
    { maxTokens: PROBE_TOKENS, vocabSize: config.vocabSize, tokenTypes: config.tokenTypes },
  ).encode({ text: 'a' })
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

function configOf(tokenizer: Readonly<Record<string, unknown>>, config: EncoderConfig): Record<string, unknown> {
  const normalizer = isRecord(tokenizer['normalizer']) ? tokenizer['normalizer'] : {}
  return {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: normalizer['lowercase'] !== false,
    model_max_length: config.maxPositions,
    ...specialTokens({}),
  }
}

function withoutMachine(stated: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(stated).filter(([name]) => !MACHINE_FIELDS.includes(name)))
}

/** Every id must have a row in the embeddings. */
function checkVocabulary(tokenizer: Readonly<Record<string, unknown>>, { vocabSize }: EncoderConfig): void {
  const model = isRecord(tokenizer['model']) ? tokenizer['model'] : {}
  const vocab = isRecord(model['vocab']) ? Object.entries(model['vocab']) : []
  const added = Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'].filter(isRecord) : []
  const ids = [...vocab, ...added.map(({ content, id }) => [String(content), id] as const)]
  const outside = ids.find(([, id]) => typeof id !== 'number' || id >= vocabSize)
  if (outside === undefined) return
  const [text, id] = outside
  const message = `The tokenizer gives ${JSON.stringify(text)} the id ${String(id)}; config.json has a vocab_size of ${vocabSize}.`
  throw new ColdmeshError('bad-model', message, {
    hint: 'use the tokenizer and config.json that belong to the weights',
  })
}

function noTokenizer(directory: string): ColdmeshError {
  return new ColdmeshError('bad-input', `${directory} has neither tokenizer.json nor vocab.txt.`, {
    hint: "copy the model's tokenizer files there: a base is useless without them",
  })
}
