import { CID } from 'multiformats/cid'
import { MalformedError } from './codec.ts'

/** Reads one decoded value: typed out, or a MalformedError naming the place. In memory and on the wire values are the same. */
export interface Field<T> {
  readonly read: (value: unknown, path: string) => T
  readonly isOptional?: boolean
}

export interface OptionalField<T> extends Field<T> {
  readonly isOptional: true
}

export type Read<F> = F extends Field<infer T> ? T : never

export type Fields = Readonly<Record<string, Field<unknown>>>

type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends OptionalField<unknown> ? K : never }[keyof F]

export type RecordOf<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Read<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Read<F[K]>
}

// [REJECT] SPEC 1.4: every field is there, is known, and has its type and range.
function wrong(path: string, expected: string): MalformedError {
  return new MalformedError('bad-field', `${path} must be ${expected}`)
}

/** An integer from `min` (0) to `max` (2^53-1). */
export function uint({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}): Field<number> {
  return {
    read: (value, path) => {
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
        throw wrong(path, `an integer from ${min} to ${max}`)
      }
      return value
    },
  }
}

export function bytes(length: { readonly exactly: number } | { readonly atMost: number }): Field<Uint8Array> {
  const [min, max] = 'exactly' in length ? [length.exactly, length.exactly] : [0, length.atMost]
  return {
    read: (value, path) => {
      if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
        throw wrong(path, min === max ? `${max} bytes` : `at most ${max} bytes`)
      }
      return value
    },
  }
}

// Code points that no text may hold: controls, invisible and bidirectional formatting, line separators, surrogates,
// private use, specials and tags. A fixed list: Unicode's own categories grow, and then two versions of a program would
// disagree about the same bytes. For the same reason no normal form is demanded.
const REFUSED_CODE_POINTS =
  /[\p{Cc}\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{d800}-\u{f8ff}\u{fdd0}-\u{fdef}\u{feff}\u{fff0}-\u{ffff}\u{e0000}-\u{10ffff}]/u

/** Text of `minBytes` to `maxBytes` of UTF-8 without invisible characters. */
export function text({ maxBytes, minBytes = 0 }: { maxBytes: number; minBytes?: number }): Field<string> {
  return {
    read: (value, path) => {
      if (typeof value !== 'string') throw wrong(path, 'text')
      const length = Buffer.byteLength(value)
      if (length < minBytes || length > maxBytes) throw wrong(path, `text of ${minBytes} to ${maxBytes} bytes`)
      if (REFUSED_CODE_POINTS.test(value)) throw wrong(path, 'text without control, format or private characters')
      return value
    },
  }
}

const CODECS = { 'dag-pb': 0x70, raw: 0x55, 'dag-cbor': 0x71 } as const

/** A CIDv1 with a 32-byte sha2-256 digest and one of the codecs. */
export function cid(...codecs: readonly (keyof typeof CODECS)[]): Field<CID> {
  const allowed = codecs.map((codec) => CODECS[codec])
  return {
    read: (value, path) => {
      const found = CID.asCID(value)
      const isCanonical = found?.version === 1 && found.multihash.code === 0x12 && found.multihash.digest.length === 32
      if (!found || !isCanonical || !allowed.some((code) => code === found.code)) {
        throw wrong(path, `a CIDv1 (sha2-256, ${codecs.join(' or ')})`)
      }
      return found
    },
  }
}

/** A UnixFS file: a single raw leaf, or a dag-pb node above leaves. */
export const fileCid = () => cid('raw', 'dag-pb')
export const directoryCid = () => cid('dag-pb')
export const messageId = () => cid('dag-cbor')
export const key = () => bytes({ exactly: 32 })
/** A rate, metric or fraction in billionths. */
export const billionths = (max = 1_000_000_000) => uint({ max })

export function oneOf<const T extends readonly string[]>(...values: T): Field<T[number]> {
  return {
    read: (value, path) => {
      const found = values.find((candidate) => candidate === value)
      if (found === undefined) throw wrong(path, `one of ${values.join(', ')}`)
      return found
    },
  }
}

export function nullable<T>(field: Field<T>): Field<T | null> {
  return { read: (value, path) => (value === null ? null : field.read(value, path)) }
}

export function optional<T>(field: Field<T>): OptionalField<T> {
  return { read: field.read, isOptional: true }
}

/** The first alternative that reads. */
export function either<A, B>(first: Field<A>, second: Field<B>): Field<A | B> {
  return {
    read: (value, path) => {
      try {
        return first.read(value, path)
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error
        return second.read(value, path)
      }
    },
  }
}

export function list<T>(field: Field<T>, { max, min = 0 }: { max: number; min?: number }): Field<readonly T[]> {
  return {
    read: (value, path) => {
      if (!Array.isArray(value) || value.length < min || value.length > max)
        throw wrong(path, `a list of ${min} to ${max}`)
      return value.map((item: unknown, i) => field.read(item, `${path}[${i}]`))
    },
  }
}

/** A map from short names to values of one field. */
export function mapOf<T>(field: Field<T>, { max }: { max: number }): Field<Readonly<Record<string, T>>> {
  return {
    read: (value, path) => {
      if (!isPlainMap(value)) throw wrong(path, 'a map')
      const entries = Object.entries(value)
      if (entries.length > max) throw wrong(path, `a map of at most ${max} entries`)
      return Object.fromEntries(
        entries.map(([name, item]) => {
          if (!/^[a-z][a-zA-Z0-9]{0,31}$/.test(name)) throw wrong(`${path} key`, 'a short name')
          return [name, field.read(item, `${path}.${name}`)] as const
        }),
      )
    },
  }
}

/** Exactly these fields: a missing or an unknown one is an error. */
export function record<F extends Fields>(fields: F): Field<RecordOf<F>> {
  const known = Object.entries(fields)
  return {
    read: (value, path) => {
      if (!isPlainMap(value)) throw wrong(path, 'a map')
      for (const name of Object.keys(value)) {
        if (!Object.hasOwn(fields, name)) throw new MalformedError('unknown-field', `${path}.${name}`)
      }
      const read: Record<string, unknown> = {}
      for (const [name, field] of known) {
        if (Object.hasOwn(value, name)) read[name] = field.read(value[name], `${path}.${name}`)
        else if (!field.isOptional) throw new MalformedError('missing-field', `${path}.${name}`)
      }
      return read as RecordOf<F>
    },
  }
}

function isPlainMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    CID.asCID(value) === null
  )
}
