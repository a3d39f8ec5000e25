import type { CID } from 'multiformats/cid'
import { checkLength, decodeCanonical, encodeCanonical, idOf } from './codec.ts'
import { cid, type Fields, key, oneOf, type RecordOf, record } from './fields.ts'

/** One declaration yields the type, the codec, the size limit and the registry row. */
export interface Declaration<K extends string, T> {
  readonly kind: K
  readonly maxBytes: number
  /** Signed payloads name their network and author and travel in an envelope. */
  readonly isSigned: boolean
  /** Canonical bytes. @throws MalformedError when the value breaks a field or the size */
  readonly encode: (value: Omit<T, 'kind'>) => Uint8Array
  /** @throws MalformedError */
  readonly decode: (bytes: Uint8Array) => T
  /** Reads an already decoded value. @throws MalformedError */
  readonly read: (value: unknown) => T
}

export type MessageOf<D> = D extends Declaration<string, infer T> ? T : never

interface Shape<K extends string, F extends Fields> {
  /** Name and major version, for example `contribution/1`. */
  readonly kind: K
  readonly maxBytes: number
  readonly fields: F
}

type Kind<K extends string> = { readonly kind: K }
type Signer = { readonly network: CID; readonly author: Uint8Array }

/** An object that is content-addressed or carried inside others. */
export function declareObject<const K extends string, F extends Fields>(
  shape: Shape<K, F>,
): Declaration<K, Kind<K> & RecordOf<F>> {
  return declare(shape, record({ ...shape.fields, kind: oneOf(shape.kind) }).read, false)
}

/** A payload that somebody signs: `network` and `author` are added to its fields. */
export function declareMessage<const K extends string, F extends Fields>(
  shape: Shape<K, F>,
): Declaration<K, Kind<K> & Signer & RecordOf<F>> {
  const fields = { ...shape.fields, kind: oneOf(shape.kind), network: cid('dag-cbor'), author: key() }
  return declare(shape, record(fields).read, true)
}

function declare<K extends string, T>(
  { kind, maxBytes }: { kind: K; maxBytes: number },
  readRecord: (value: unknown, path: string) => unknown,
  isSigned: boolean,
): Declaration<K, T> {
  const read = (value: unknown) => readRecord(value, kind) as T
  const decode = (bytes: Uint8Array) => read(decodeCanonical(bytes, maxBytes))
  const encode = (value: Omit<T, 'kind'>) => {
    const whole = { ...value, kind }
    read(whole) // what we write, others must be able to read: fields are the same in memory and on the wire
    const bytes = encodeCanonical(whole)
    checkLength(bytes, maxBytes)
    return bytes
  }
  return { kind, maxBytes, isSigned, encode, decode, read }
}

/** Id of a value under its declaration. */
export function idOfMessage<K extends string, T>(declaration: Declaration<K, T>, value: Omit<T, 'kind'>): CID {
  return idOf(declaration.encode(value))
}
