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
  return escaped(JSON.stringify(value))
}

/** About, of one piece. */
const PIECE_LENGTH = 65_536

/** As `jsonLine`, in pieces: a list of ten thousand would be there twice more, as text and as bytes. */
export function* jsonPieces(object: object): Generator<string> {
  if (Array.isArray(object) || 'toJSON' in object) {
    yield jsonLine(object)
    return
  }
  let piece = '{'
  let separator = ''
  for (const [key, value] of Object.entries(object)) {
    let name = `${separator}${JSON.stringify(key)}:`
    for (const part of Array.isArray(value) ? partsOf(value) : [JSON.stringify(value)]) {
      // what has no JSON is left out
      if (part === undefined) continue
      piece += name + part
      name = ''
      separator = ','
      if (piece.length < PIECE_LENGTH) continue
      yield escaped(piece)
      piece = ''
    }
  }
  yield escaped(`${piece}}`)
}

function* partsOf(list: readonly unknown[]): Generator<string> {
  yield '['
  for (const [i, item] of list.entries()) yield `${i === 0 ? '' : ','}${JSON.stringify(item) ?? 'null'}`
  yield ']'
}

function escaped(json: string): string {
  return json.replace(UNSAFE, (character) =>
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
