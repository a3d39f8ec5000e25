/** The settings of a BertNormalizer in tokenizer.json. */
export interface BertNormalization {
  readonly clean_text?: boolean
  readonly handle_chinese_chars?: boolean
  /** Null: as `lowercase`. */
  readonly strip_accents?: boolean | null
  readonly lowercase?: boolean
}

const PLAIN = /^[ -~]*$/
/** Without tab and line ends, which are spaces. */
const CONTROL = /[\0\uFFFD]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu
const SPACE = /[\t\n\r\p{White_Space}]/gu
const IDEOGRAPH =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu

/** Letter by letter, so that a capital sigma becomes the same letter wherever it stands. */
export function lowercase(text: string): string {
  return PLAIN.test(text) ? text.toLowerCase() : Array.from(text, (character) => character.toLowerCase()).join('')
}

/** A text as Python's `tokenizers` makes it for BERT; ideographs beyond U+FFFF are words too. */
export function normalizeForBert(text: string, settings: BertNormalization): string {
  const { clean_text: cleans, handle_chinese_chars: splits, strip_accents: strips, lowercase: lowers } = settings
  if (PLAIN.test(text)) return lowers ? text.toLowerCase() : text
  let normalized = text
  if (cleans) normalized = normalized.replace(CONTROL, '').replace(SPACE, ' ')
  if (splits) normalized = normalized.replace(IDEOGRAPH, ' $& ')
  if (strips ?? lowers) normalized = normalized.normalize('NFD').replace(/\p{Mn}/gu, '')
  return lowers ? lowercase(normalized) : normalized
}
