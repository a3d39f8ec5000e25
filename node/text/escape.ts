// Peers choose names, tasks and reasons. A terminal obeys control characters, and bidirectional marks reorder what is read,
// so nothing of theirs is printed raw. This is the only file that knows which characters are dangerous.

const DEFAULT_MAX_LENGTH = 1000

/** Controls, invisible and direction-changing format characters, separators that break lines, lone surrogates, private use. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu

/** `text` fit for a terminal: unsafe characters as `\u{...}`, one line, at most `maxLength` characters. */
export function show(text: string, { maxLength = DEFAULT_MAX_LENGTH }: { maxLength?: number } = {}): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
  return cut.replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** JSON on one line that a terminal can show too: the same characters as JSON escapes. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}

/** The end of a CID, key or id: their beginnings are all alike. */
export function short(id: string): string {
  return id.length <= 10 ? show(id) : `…${show(id.slice(-8))}`
}
