import { ColdmeshError } from '../../ports/errors.ts'
import type { Model } from '../../ports/trainer.ts'

type Settings = Readonly<Record<string, unknown>>

/** Where tokenizer_config.json names none. */
const USUAL_PADS = ['[PAD]', '<pad>']

/**
 * Checks that a tokenizer belongs to a model: every id has a row in the embeddings, the tokens put around texts are in the vocabulary under
 * the ids that are stated for them, and the padding is the config's.
 *
 * @throws ColdmeshError `bad-model`, naming the token
 */
export function checkTokenizer(
  { tokenizer, tokenizerConfig }: Pick<Model, 'tokenizer' | 'tokenizerConfig'>,
  { vocabSize, padTokenId }: { readonly vocabSize: number; readonly padTokenId?: number },
): void {
  const ids = new Map(entriesOf(tokenizer))
  for (const [token, id] of ids) {
    if (typeof id === 'number' && id < vocabSize) continue
    throw misfit(token, `the id ${String(id)}; config.json has a vocab_size of ${vocabSize}`)
  }
  for (const [token, id] of specialsOf(tokenizer['post_processor'])) {
    const known = ids.get(token)
    if (known === undefined) throw misfit(token, 'no id, but puts it around texts')
    if (known !== id) throw misfit(token, `the id ${String(known)}, but puts it around texts with the id ${String(id)}`)
  }
  const pad = contentOf(tokenizerConfig['pad_token']) ?? USUAL_PADS.find((token) => ids.has(token))
  const padId = pad === undefined ? undefined : ids.get(pad)
  if (pad === undefined || padTokenId === undefined || padId === padTokenId) return
  throw misfit(pad, `the id ${String(padId ?? 'none')}; config.json has a pad_token_id of ${padTokenId}`)
}

/** Tokens and ids; of Unigram a token's id is its place. */
function entriesOf(tokenizer: Settings): [string, unknown][] {
  const vocab = isSettings(tokenizer['model']) ? tokenizer['model']['vocab'] : undefined
  const added = Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'].filter(isSettings) : []
  const entries: [string, unknown][] = Array.isArray(vocab)
    ? vocab.map((entry, id) => [String(Array.isArray(entry) ? entry[0] : entry), id])
    : Object.entries(isSettings(vocab) ? vocab : {})
  return [...entries, ...added.map(({ content, id }): [string, unknown] => [String(content), id])]
}

/** The tokens that a post-processor puts around texts, and the ids it states for them. */
function specialsOf(processor: unknown): [string, unknown][] {
  if (!isSettings(processor)) return []
  const { processors, special_tokens: special, cls, sep } = processor
  if (Array.isArray(processors)) return processors.flatMap(specialsOf)
  if (isSettings(special)) {
    return Object.entries(special).map(([token, stated]) => [
      token,
      isSettings(stated) && Array.isArray(stated['ids']) ? stated['ids'][0] : undefined,
    ])
  }
  return [cls, sep].flatMap((pair) => (Array.isArray(pair) ? [[String(pair[0]), pair[1]] as [string, unknown]] : []))
}

/** A token in tokenizer_config.json: a text, or an object with one. */
function contentOf(token: unknown): string | undefined {
  const content = isSettings(token) ? token['content'] : token
  return typeof content === 'string' ? content : undefined
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function misfit(token: string, what: string): ColdmeshError {
  return new ColdmeshError('bad-model', `The tokenizer gives ${JSON.stringify(token)} ${what}.`, {
    facts: { token },
    hint: 'Use the tokenizer and config.json that belong to the weights.',
  })
}
