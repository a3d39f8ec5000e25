import { Tokenizer } from '@huggingface/tokenizers'
import type { Model } from '../../ports/trainer.ts'
import { normalizeForBert } from './bert-normalizer.ts'
import { readCharsmap } from './charsmap.ts'

// The library differs from Python's `tokenizers` in a few places, which the fixtures show. Here they are put right: bases are shared
// with people who train in Python.

/** What of a normalizer or pre-tokenizer is replaced. */
interface Part {
  normalize?: (text: string) => string
  pre_tokenize_text?: (text: string) => string[]
  pattern?: RegExp
  readonly normalizers?: readonly (Part | null)[]
  readonly tokenizers?: readonly (Part | null)[]
}

type Settings = Readonly<Record<string, unknown>>

/** GPT-2's pattern, with white space as Unicode has it: JavaScript's \s takes U+FEFF for one, and not U+0085. */
const BYTE_LEVEL_PATTERN =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu
const WORD = /\P{White_Space}+/gu

/** Replaces what is wrong in a part of this type. */
const CORRECTIONS: Readonly<Record<string, (part: Part, settings: Settings) => void>> = {
  BertNormalizer(part, settings) {
    part.normalize = (text) => normalizeForBert(text, settings)
  },
  Precompiled(part, settings) {
    const charsmap = settings['precompiled_charsmap']
    if (typeof charsmap === 'string') part.normalize = readCharsmap(charsmap)
  },
  ByteLevel(part) {
    part.pattern = BYTE_LEVEL_PATTERN
  },
  WhitespaceSplit(part) {
    part.pre_tokenize_text = (text) => text.match(WORD) ?? []
  },
}

/** A model's tokenizer, which gives the ids that Python's does. @throws whatever the library throws */
export function openTokenizer({ tokenizer, tokenizerConfig }: Pick<Model, 'tokenizer' | 'tokenizerConfig'>): Tokenizer {
  // Of the config the library would take two steps more that fast tokenizers don't do.
  const opened = new Tokenizer(tokenizer, {
    ...tokenizerConfig,
    remove_space: false,
    do_lowercase_and_remove_accent: false,
  })
  correct(opened.normalizer, tokenizer['normalizer'])
  correct(opened.pre_tokenizer, tokenizer['pre_tokenizer'])
  return opened
}

function correct(part: Part | null, settings: unknown): void {
  if (part === null || !isSettings(settings)) return
  CORRECTIONS[String(settings['type'])]?.(part, settings)
  const parts = part.normalizers ?? part.tokenizers ?? []
  const settingsOfParts = settings['normalizers'] ?? settings['pretokenizers']
  if (!Array.isArray(settingsOfParts)) return
  for (const [index, inner] of parts.entries()) correct(inner, settingsOfParts[index])
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null
}
