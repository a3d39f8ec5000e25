import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { ColdmeshError } from '../../ports/errors.ts'

export const MAX_FILE_BYTES = 1024 ** 3
/** A row longer than this is a file read wrongly (a quote that never closes) rather than a text to classify. */
export const MAX_ROW_CHARACTERS = 1_000_000
const LINE_FEED = 10

/**
 * The text of a UTF-8 file, in pieces.
 *
 * @throws ColdmeshError `bad-input` when it is missing, not a file, too large or not UTF-8
 */
export async function* readText(path: string): AsyncGenerator<string> {
  const { size } = await statFile(path)
  if (size > MAX_FILE_BYTES) {
    throw new ColdmeshError('bad-input', `${path} has ${size} bytes, at most ${MAX_FILE_BYTES} are read`, {
      facts: { path, bytes: size, maxBytes: MAX_FILE_BYTES },
      hint: 'Give a smaller sample of the data.',
    })
  }
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let lines = 1
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch (cause) {
      throw new ColdmeshError('bad-input', `${path} isn't UTF-8 text (after line ${lines})`, {
        cause,
        facts: { path, line: lines },
        hint: 'Save the file with the encoding UTF-8.',
      })
    }
  }
  for await (const chunk of createReadStream(path)) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a file without an encoding gives bytes')
    yield decode(chunk)
    lines += chunk.reduce((count, byte) => count + Number(byte === LINE_FEED), 0)
  }
  yield decode()
}

/** The lines of a UTF-8 file, numbered from 1, without their ends. @throws ColdmeshError `bad-input` as readText, and for a line too long */
export async function* readLines(path: string): AsyncGenerator<{ readonly number: number; readonly text: string }> {
  let rest = ''
  let number = 1
  for await (const piece of readText(path)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield { number: number++, text: line.endsWith('\r') ? line.slice(0, -1) : line }
    if (rest.length > MAX_ROW_CHARACTERS) throw rowTooLong(path, number)
  }
  if (rest !== '') yield { number, text: rest }
}

export function rowTooLong(path: string, line: number): ColdmeshError {
  return new ColdmeshError(
    'bad-input',
    `${path}, line ${line}: the row has more than ${MAX_ROW_CHARACTERS} characters`,
    {
      facts: { path, line, maxCharacters: MAX_ROW_CHARACTERS },
      hint: 'Look for a quotation mark that is never closed, or shorten the text.',
    },
  )
}

async function statFile(path: string) {
  try {
    const stats = await stat(path)
    if (stats.isFile()) return stats
  } catch (cause) {
    throw new ColdmeshError('bad-input', `There is no file ${path} that can be read`, {
      cause,
      facts: { path },
      hint: 'Check the path; it is relative to the current directory.',
    })
  }
  throw new ColdmeshError('bad-input', `${path} isn't a file`, { facts: { path } })
}
