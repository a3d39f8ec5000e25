import type { ColdmeshError } from '../../ports/errors.ts'
import { type OnPosition, readBytes } from './bytes.ts'
import { type BadRow, rowError } from './row-reader.ts'

/** A row longer than this is a file read wrongly (a quote that never closes) rather than a text to classify. */
export const MAX_ROW_CHARACTERS = 1_000_000
/** Of UTF-8: characters of UTF-16 take at most three bytes each. */
const MAX_LINE_BYTES = MAX_ROW_CHARACTERS * 3
const LINE_FEED = 10

/** Whole lines, and where they begin. */
interface Block {
  readonly line: number
  readonly bytes: Uint8Array
}

export interface Line {
  readonly number: number
  readonly text: string
}

/**
 * The text of a UTF-8 file, in pieces of whole lines. What isn't UTF-8 is told to `onBad` with its line and left out.
 *
 * @throws ColdmeshError `bad-input` as readBytes, and for a line too long
 */
export async function* readText(
  path: string,
  onBad: (error: ColdmeshError) => void,
  onPosition?: OnPosition,
): AsyncGenerator<string> {
  for await (const block of readBlocks(path, onPosition)) {
    const whole = decode(block.bytes)
    if (whole !== null) {
      yield whole
      continue
    }
    for (const line of linesOf(block)) {
      const text = decode(line.bytes)
      if (text === null) onBad(notUtf8(path, line.line))
      else yield text
    }
  }
}

/** The lines of a UTF-8 file, numbered from 1, without their ends; those too long, or not UTF-8, as what is wrong. @throws ColdmeshError as readBytes */
export async function* readLines(path: string, onPosition?: OnPosition): AsyncGenerator<Line | BadRow> {
  const checked = (number: number, text: string | null): Line | BadRow => {
    if (text === null) return { error: notUtf8(path, number) }
    return text.length > MAX_ROW_CHARACTERS ? { error: rowTooLong(path, number) } : { number, text }
  }
  for await (const block of readBlocks(path, onPosition)) {
    const whole = decode(block.bytes)
    if (whole === null) {
      for (const { line, bytes } of linesOf(block)) yield checked(line, withoutEnd(decode(bytes)))
      continue
    }
    const lines = whole.split('\n')
    if (lines.at(-1) === '') lines.pop()
    for (const [index, text] of lines.entries()) yield checked(block.line + index, withoutEnd(text))
  }
}

export function rowTooLong(path: string, line: number): ColdmeshError {
  return rowError(
    { path },
    { line },
    {
      kind: 'too-long',
      what: `the row has more than ${MAX_ROW_CHARACTERS} characters`,
      hint: 'Look for a quotation mark that is never closed, or shorten the text.',
    },
  )
}

/** Blocks end with a line, but for the last. A byte order mark at the start is left out. */
async function* readBlocks(path: string, onPosition?: OnPosition): AsyncGenerator<Block> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let line = 1
  let isFirst = true
  const take = (bytes: Uint8Array): Block => {
    const marked = isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    isFirst = false
    const block = { line, bytes: marked ? bytes.subarray(3) : bytes }
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) line++
    return block
  }
  for await (const chunk of readBytes(path, onPosition)) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    if (end > 0) {
      yield take(waiting.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...waiting, chunk.subarray(0, end)]))
      waiting = []
      waitingBytes = 0
    }
    if (end < chunk.length) {
      waiting.push(chunk.subarray(end))
      waitingBytes += chunk.length - end
    }
    if (waitingBytes > MAX_LINE_BYTES) throw rowTooLong(path, line)
  }
  if (waitingBytes > 0) yield take(Buffer.concat(waiting))
}

function* linesOf({ line, bytes }: Block): Generator<Block> {
  let start = 0
  let number = line
  while (start < bytes.length) {
    const at = bytes.indexOf(LINE_FEED, start)
    const end = at < 0 ? bytes.length : at + 1
    yield { line: number++, bytes: bytes.subarray(start, end) }
    start = end
  }
}

/** Null when it isn't UTF-8. */
function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function withoutEnd<Text extends string | null>(line: Text): Text | string {
  return line === null ? line : line.replace(/\r?\n?$/, '')
}

function notUtf8(path: string, line: number): ColdmeshError {
  return rowError(
    { path },
    { line },
    {
      kind: 'encoding',
      what: "it isn't UTF-8 text",
      hint: 'Save the file with the encoding UTF-8.',
    },
  )
}
