/** What SentencePiece compiles of its normalization rules: `precompiled_charsmap` of a tokenizer.json. */
export type Charsmap = (text: string) => string

/** What most texts are made of. */
const PLAIN = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index))
const PLAIN_TEXT = /^[ -~]*$/
/** Graphemes of more bytes are looked up character by character. */
const MAX_GRAPHEME_BYTES = 5
/** Graphemes whose replacements are remembered. */
const MAX_KNOWN = 50_000

/**
 * Reads a charsmap: the length of a double-array trie (u32, little-endian), the trie, then the replacements, each ended by a zero byte. A
 * part of a text becomes what its shortest beginning in the trie stands for, as in Python's `tokenizers`.
 *
 * @throws RangeError when it is cut off
 */
export function readCharsmap(base64: string): Charsmap {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  const trieBytes = new DataView(bytes.buffer).getUint32(0, true)
  const trie = new Uint32Array(bytes.slice(4, 4 + trieBytes).buffer)
  const replacements = bytes.subarray(4 + trieBytes)
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const known = new Map<string, string>()

  function replacementOf(part: Uint8Array): string | null {
    const begin = shortestMatch(trie, part)
    if (begin === null) return null
    return decoder.decode(replacements.subarray(begin, replacements.indexOf(0, begin)))
  }

  function normalizeGrapheme(grapheme: string): string {
    const bytes = encoder.encode(grapheme)
    const whole = bytes.length <= MAX_GRAPHEME_BYTES ? replacementOf(bytes) : null
    if (whole !== null) return whole
    return Array.from(grapheme, (character) => replacementOf(encoder.encode(character)) ?? character).join('')
  }

  const keepsPlain = PLAIN.every((character) => replacementOf(encoder.encode(character)) === null)
  return (text) => {
    if (keepsPlain && PLAIN_TEXT.test(text)) return text
    let normalized = ''
    for (const { segment } of segmenter.segment(text)) {
      let found = known.get(segment)
      if (found === undefined) {
        found = normalizeGrapheme(segment)
        if (known.size < MAX_KNOWN) known.set(segment, found)
      }
      normalized += found
    }
    return normalized
  }
}

/** The value of the shortest key of `trie` that `key` begins with. A unit holds label, offset and whether a value follows. */
function shortestMatch(trie: Uint32Array, key: Uint8Array): number | null {
  let place = offsetOf(trie[0] ?? 0)
  for (const byte of key) {
    if (byte === 0) return null
    place ^= byte
    const unit = trie[place] ?? 0
    if (((unit & 0x80000000) | (unit & 0xff)) !== byte) return null
    place ^= offsetOf(unit)
    if ((unit & 0x100) !== 0) return (trie[place] ?? 0) & 0x7fffffff
  }
  return null
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6)
}
