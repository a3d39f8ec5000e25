/**
 * A peer's text as inert Markdown: letters, digits, spaces and hyphens stand as they are; other printable ASCII
 * becomes a numeric entity, which shows the character but is never markup, a link or the end of a table cell;
 * anything invisible, bidirectional, combining or unknown to the fixed table shows as its code point.
 * The table is frozen here: a library's idea of what a letter is changes with its version, and with it the bytes.
 */
export function escapeMarkdown(text: string, maxCodePoints = DEFAULT_MAX_CODE_POINTS): string {
  const points = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  const shown = points.slice(0, maxCodePoints).map(escapePoint).join('')
  return points.length > maxCodePoints ? `${shown}...` : shown
}

const DEFAULT_MAX_CODE_POINTS = 64

/** Inclusive ranges of left-to-right letters without combining marks. */
const LETTERS: readonly (readonly [number, number])[] = [
  [0xc0, 0xd6], // Latin
  [0xd8, 0xf6],
  [0xf8, 0x24f],
  [0x386, 0x386], // Greek
  [0x388, 0x3ff],
  [0x400, 0x481], // Cyrillic
  [0x48a, 0x52f],
  [0x1e00, 0x1eff], // Latin, Vietnamese
  [0x3041, 0x3096], // Hiragana
  [0x30a1, 0x30fa], // Katakana
  [0x4e00, 0x9fff], // Chinese characters
  [0xac00, 0xd7a3], // Hangul
]

function escapePoint(point: number): string {
  const isPlain = point === 0x20 || point === 0x2d || isBetween(point, 0x30, 0x39)
  if (isPlain || isBetween(point, 0x41, 0x5a) || isBetween(point, 0x61, 0x7a)) return String.fromCodePoint(point)
  if (isBetween(point, 0x21, 0x7e)) return `&#${point};`
  if (LETTERS.some(([first, last]) => isBetween(point, first, last))) return String.fromCodePoint(point)
  return `&#60;U+${point.toString(16).toUpperCase().padStart(4, '0')}&#62;`
}

function isBetween(point: number, first: number, last: number): boolean {
  return point >= first && point <= last
}
