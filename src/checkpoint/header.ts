import { ColdmeshError } from '../ports/errors.ts'

/** One tensor as the header states it; nothing but its grammar has been checked. */
export interface HeaderTensor {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

export interface Header {
  readonly tensors: readonly HeaderTensor[]
  readonly metadata: Readonly<Record<string, string>>
}

export const METADATA_NAME = '__metadata__'
const MAX_TENSORS = 4096
const MAX_RANK = 8
const MAX_NAME_LENGTH = 256
/** Padding up to the next multiple of eight. */
const MAX_PADDING = 7

/** A checkpoint that is not acceptable, and the way out for a person. */
export function badCheckpoint(message: string, facts: Record<string, string | number> = {}): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', message, {
    facts,
    hint: 'run `coldmesh import` on the model directory: it writes a canonical checkpoint',
  })
}

/**
 * Reads a safetensors header's JSON by its own fixed grammar. A general JSON parser keeps the last of two equal names,
 * decodes escapes and skips whitespace: three ways to show two readers two models.
 * @throws ColdmeshError `bad-checkpoint`
 */
export function parseHeader(text: string): Header {
  const scan = createScanner(text)
  const tensors: HeaderTensor[] = []
  const names = new Set<string>()
  let metadata: Readonly<Record<string, string>> = {}
  scan.list('{', '}', () => {
    const name = scan.name('tensor name')
    if (names.has(name)) throw badCheckpoint(`The header has the name ${show(name)} twice.`)
    names.add(name)
    scan.expect(':')
    if (name === METADATA_NAME) {
      metadata = parseMetadata(scan)
      return
    }
    if (tensors.length === MAX_TENSORS) throw badCheckpoint(`The header has more than ${MAX_TENSORS} tensors.`)
    tensors.push(parseTensor(scan, name))
  })
  scan.padding()
  return { tensors, metadata }
}

type Scanner = ReturnType<typeof createScanner>

function parseTensor(scan: Scanner, name: string): HeaderTensor {
  let dtype: string | undefined
  let shape: number[] | undefined
  let offsets: number[] | undefined
  scan.list('{', '}', () => {
    const field = scan.name('field')
    scan.expect(':')
    if (field === 'dtype' && dtype === undefined) dtype = scan.name('dtype')
    else if (field === 'shape' && shape === undefined) shape = scan.integers(MAX_RANK, `the shape of ${show(name)}`)
    else if (field === 'data_offsets' && offsets === undefined) {
      offsets = scan.integers(2, `the data_offsets of ${show(name)}`)
    } else {
      const known = ['dtype', 'shape', 'data_offsets'].includes(field)
      throw badCheckpoint(`Tensor ${show(name)} has ${known ? 'twice the' : 'an unknown'} field ${show(field)}.`)
    }
  })
  const [begin, end] = offsets ?? []
  if (dtype === undefined || shape === undefined || begin === undefined || end === undefined) {
    throw badCheckpoint(`Tensor ${show(name)} needs dtype, shape and two data_offsets.`)
  }
  return { name, dtype, shape, begin, end }
}

function parseMetadata(scan: Scanner): Readonly<Record<string, string>> {
  const entries = new Map<string, string>()
  scan.list('{', '}', () => {
    const key = scan.name('metadata key')
    if (entries.has(key)) throw badCheckpoint(`The metadata has the key ${show(key)} twice.`)
    scan.expect(':')
    entries.set(key, scan.text())
  })
  return Object.fromEntries(entries)
}

/** A cursor over the text; every method moves it past what it read. */
function createScanner(text: string) {
  let at = 0

  function wrong(expected: string): ColdmeshError {
    const found = text[at]
    if (found !== undefined && /\s|\uFEFF/.test(found)) {
      return badCheckpoint(`The header has whitespace at character ${at}, before its end.`, { at })
    }
    const what = found === undefined ? 'its end' : show(found)
    return badCheckpoint(`The header has ${what} at character ${at} where ${expected} must be.`, { at })
  }

  function expect(char: string): void {
    if (text[at] !== char) throw wrong(show(char))
    at++
  }

  /** `open item,item close`, or nothing between the two. */
  function list(open: string, close: string, item: () => void): void {
    expect(open)
    if (text[at] === close) {
      at++
      return
    }
    item()
    while (text[at] === ',') {
      at++
      item()
    }
    if (text[at] !== close) throw wrong(`${show(',')} or ${show(close)}`)
    at++
  }

  /** A quoted string in printable ASCII without escapes, spaces or slashes. */
  function name(what: string): string {
    expect('"')
    const end = text.indexOf('"', at)
    if (end < 0) throw badCheckpoint(`The header ends inside a ${what}.`)
    if (end - at > MAX_NAME_LENGTH) throw badCheckpoint(`A ${what} is longer than ${MAX_NAME_LENGTH} characters.`)
    const value = text.slice(at, end)
    if (value === '') throw badCheckpoint(`The header has an empty ${what} at character ${at}.`, { at })
    if (value.includes('\\')) throw badCheckpoint(`The ${what} ${show(value)} is escaped.`)
    if (!/^[!-~]+$/.test(value) || value.includes('/')) {
      throw badCheckpoint(
        `The ${what} ${show(value)} has other characters than printable ASCII without space and slash.`,
      )
    }
    at = end + 1
    return value
  }

  /** Any quoted string in the one shortest escaping. */
  function string(): string {
    const quoted = /"(?:[^"\\]|\\.)*"/y
    quoted.lastIndex = at
    const raw = quoted.exec(text)?.[0]
    if (raw === undefined) throw wrong('a quoted string')
    const value = unescapeText(raw)
    if (value === undefined)
      throw badCheckpoint(`A metadata value at character ${at} is not in its shortest form.`, { at })
    at += raw.length
    return value
  }

  function integer(): number {
    const digits = /(?:0|[1-9][0-9]{0,15})(?![0-9.eE])/y
    digits.lastIndex = at
    const raw = digits.exec(text)?.[0]
    const value = Number(raw)
    if (raw === undefined || !Number.isSafeInteger(value)) throw wrong('an integer from 0 to 2^53-1')
    at += raw.length
    return value
  }

  function integers(most: number, what: string): number[] {
    const values: number[] = []
    list('[', ']', () => {
      if (values.length === most) throw badCheckpoint(`There are more than ${most} numbers in ${what}.`)
      values.push(integer())
    })
    return values
  }

  function padding(): void {
    const rest = text.slice(at)
    if (!/^ *$/.test(rest))
      throw badCheckpoint(`The header goes on after its closing brace, at character ${at}.`, { at })
    if (rest.length > MAX_PADDING) {
      throw badCheckpoint(`The header is padded by ${rest.length} spaces; at most ${MAX_PADDING} are padding.`)
    }
  }

  return { expect, list, name, text: string, integers, padding }
}

function unescapeText(raw: string): string | undefined {
  try {
    const value: unknown = JSON.parse(raw)
    return typeof value === 'string' && value.isWellFormed() && JSON.stringify(value) === raw ? value : undefined
  } catch {
    return undefined
  }
}

/** A string of the file as it may stand in a message: quoted, escaped, ASCII, short. */
export function show(value: string): string {
  const short = value.length > 64 ? `${value.slice(0, 64)}...` : value
  const escaped = JSON.stringify(short)
  return escaped.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
