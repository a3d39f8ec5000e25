import { fromHex, toHex } from '../wire/bytes.ts'

export const STATEMENT_KIND = 'dataset-statement/1'
export const PROOF_KIND = 'dataset-proof/1'
export const MAX_STATEMENT_BYTES = 4096
export const MAX_PROOF_BYTES = 16 * 1024 * 1024
const MAX_NAME_BYTES = 64
const HASH_HEX = /^[0-9a-f]{64}$/

/** What a data set's commitment is. */
export interface DatasetStatement {
  readonly name: string
  readonly rows: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** That one row was in the data. */
export interface RowProof {
  readonly root: Uint8Array
  readonly rows: number
  /** From 0. */
  readonly index: number
  /** As it was hashed. */
  readonly row: string
  /** Of this row: 32 bytes. */
  readonly salt: Uint8Array
  /** From the leaf up. */
  readonly path: readonly Uint8Array[]
}

/** A file that is not one of these: what is wrong, as an end of a sentence. */
export interface Unreadable {
  readonly wrong: string
}

export function encodeStatement({ name, rows, root }: DatasetStatement): string {
  return `${JSON.stringify({ kind: STATEMENT_KIND, name, rows, root: toHex(root) }, null, 2)}\n`
}

export function encodeProof({ root, rows, index, row, salt, path }: RowProof): string {
  const file = { kind: PROOF_KIND, root: toHex(root), rows, index, row, salt: toHex(salt), path: path.map(toHex) }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** @param text of a file of at most `MAX_STATEMENT_BYTES` */
export function decodeStatement(text: string): DatasetStatement | Unreadable {
  const read = readMembers(text, STATEMENT_KIND, ['kind', 'name', 'rows', 'root'])
  if ('wrong' in read) return read
  const { members } = read
  const [rows, root] = [countOf(members['rows'], 1), hashOf(members['root'])]
  const name = members['name']
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) {
    return { wrong: `its name is no text of 1 to ${MAX_NAME_BYTES} bytes` }
  }
  if (rows === null) return { wrong: 'its rows are no whole number above 0' }
  if (root === null) return { wrong: 'its root is no 64 lower-case hex digits' }
  return { name, rows, root }
}

/** @param text of a file of at most `MAX_PROOF_BYTES` */
export function decodeProof(text: string): RowProof | Unreadable {
  const read = readMembers(text, PROOF_KIND, ['kind', 'root', 'rows', 'index', 'row', 'salt', 'path'])
  if ('wrong' in read) return read
  const { members } = read
  const { row, path } = { row: members['row'], path: members['path'] }
  const [rows, index] = [countOf(members['rows'], 1), countOf(members['index'], 0)]
  const [root, salt] = [hashOf(members['root']), hashOf(members['salt'])]
  if (rows === null) return { wrong: 'its rows are no whole number above 0' }
  if (index === null || index >= rows) return { wrong: 'its index is no whole number below its rows' }
  if (typeof row !== 'string') return { wrong: 'its row is no text' }
  if (root === null || salt === null) return { wrong: 'its root or salt is no 64 lower-case hex digits' }
  if (!Array.isArray(path)) return { wrong: 'its path is no list' }
  const hashes = path.flatMap((hash: unknown) => hashOf(hash) ?? [])
  if (hashes.length !== path.length) return { wrong: 'its path holds something else than 64 lower-case hex digits' }
  return { root, rows, index, row, salt, path: hashes }
}

function readMembers(
  text: string,
  kind: string,
  names: readonly string[],
): { readonly members: Readonly<Record<string, unknown>> } | Unreadable {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { wrong: 'it is no JSON object' }
  const members = Object.fromEntries(Object.entries(value))
  if (members['kind'] !== kind) return { wrong: `its kind is not ${kind}` }
  const missing = names.find((name) => !Object.hasOwn(members, name))
  if (missing !== undefined) return { wrong: `it lacks ${missing}` }
  if (Object.keys(members).length !== names.length) return { wrong: 'it has a member too many' }
  return { members }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function countOf(value: unknown, min: number): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min ? value : null
}

/** 32 bytes; null for anything else. */
function hashOf(value: unknown): Uint8Array | null {
  return typeof value === 'string' && HASH_HEX.test(value) ? fromHex(value) : null
}
