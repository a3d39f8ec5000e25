import { lowercase, normalizeForBert } from './bert-normalizer.ts'
import { readCharsmap } from './charsmap.ts'

// `@huggingface/tokenizers` differs from Python's `tokenizers` in a few places, which the fixtures show. Here they are put right: bases are
// shared with people who train in Python.

/** A normalizer or pre-tokenizer of the library, and what of it is replaced. */
export interface Part {
  normalize?: (text: string) => string
  pre_tokenize_text?: (text: string) => string[]
  pattern?: RegExp
  prepend_scheme?: string
  readonly normalizers?: readonly (Part | null)[]
  readonly tokenizers?: readonly (Part | null)[]
}

/** A part as tokenizer.json describes it. */
export type PartSettings = Readonly<Record<string, unknown>>

// White space, letters and digits as Unicode has them: JavaScript's \s takes U+FEFF for a space, and not U+0085; \w and \d know ASCII only.
const BYTE_LEVEL_PATTERN =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu
const BETWEEN_SPACES = /\P{White_Space}+/gu
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}'
const WORDS_AND_SIGNS = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, 'gu')
const FIRST_SPACES = /^\p{White_Space}+/u
const LAST_SPACES = /\p{White_Space}+$/u

/** What is wrong in parts of a type, put right. */
const CORRECTIONS: Readonly<Record<string, (part: Part, settings: PartSettings) => void>> = {
  BertNormalizer(part, settings) {
    part.normalize = (text) => normalizeForBert(text, settings)
  },
  Precompiled(part, { precompiled_charsmap: charsmap }) {
    if (typeof charsmap === 'string') part.normalize = readCharsmap(charsmap)
  },
  Lowercase(part) {
    part.normalize = lowercase
  },
  Strip(part, { strip_left: left, strip_right: right }) {
    part.normalize = (text) => {
      const begun = left === true ? text.replace(FIRST_SPACES, '') : text
      return right === true ? begun.replace(LAST_SPACES, '') : begun
    }
  },
  ByteLevel(part) {
    part.pattern = BYTE_LEVEL_PATTERN
  },
  Whitespace(part) {
    part.pre_tokenize_text = (text) => text.match(WORDS_AND_SIGNS) ?? []
  },
  WhitespaceSplit(part) {
    part.pre_tokenize_text = (text) => text.match(BETWEEN_SPACES) ?? []
  },
  Digits(part, { individual_digits: isEach }) {
    part.pattern = isEach === true ? /\P{N}+|\p{N}/gu : /\P{N}+|\p{N}+/gu
  },
  Metaspace(part, { add_prefix_space: adds }) {
    if (adds === false) part.prepend_scheme = 'never'
  },
}

/** Corrects a normalizer or pre-tokenizer, and those that it is made of. */
export function correct(part: Part | null, settings: unknown): void {
  if (part === null || !isSettings(settings)) return
  CORRECTIONS[String(settings['type'])]?.(part, settings)
  const parts = part.normalizers ?? part.tokenizers ?? []
  const settingsOfParts = settings['normalizers'] ?? settings['pretokenizers']
  if (!Array.isArray(settingsOfParts)) return
  for (const [index, inner] of parts.entries()) correct(inner, settingsOfParts[index])
}

function isSettings(value: unknown): value is PartSettings {
  return typeof value === 'object' && value !== null
}
