import { ColdmeshError } from '../../ports/errors.ts'
import { isRecord } from './read-file.ts'

/** A tensor of any safetensors file; its dtype may be one that coldmesh does not know. */
export interface LooseTensor {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  /** Bytes, from the start of the file. */
  readonly begin: number
  readonly end: number
}

export const LENGTH_BYTES = 8
/** The reference library's own limit. */
const MAX_HEADER_BYTES = 100_000_000
const MAX_RANK = 32
/** Bytes of an element of what can be imported. */
export const SOURCE_BYTES: Readonly<Record<string, number>> = { F64: 8, F32: 4, BF16: 2, F16: 2, I64: 8 }

/**
 * The length of a safetensors header, from the file's first eight bytes.
 * @throws ColdmeshError `bad-checkpoint` before anything is allocated
 */
export function headerLength(first: Uint8Array, fileBytes: number, path: string): number {
  if (fileBytes < LENGTH_BYTES || first.length < LENGTH_BYTES) throw bad(path, 'is too short for a safetensors header')
  const kind = foreignKind(first)
  const length = new DataView(first.buffer, first.byteOffset, LENGTH_BYTES).getBigUint64(0, true)
  if (length > BigInt(fileBytes - LENGTH_BYTES) || length > BigInt(MAX_HEADER_BYTES)) {
    if (kind !== null) throw pickled(path, kind)
    throw bad(path, `states a header of ${length} bytes, more than the file has or than is allowed`)
  }
  if (length === 0n) throw bad(path, 'states a header of 0 bytes')
  return Number(length)
}

/**
 * Reads a header as the reference library does: any order of fields, unknown ones, escaped names, whitespace. What must hold
 * is that the tensors fill the file without hole or overlap. Sorted by place.
 * @throws ColdmeshError `bad-checkpoint`
 */
export function parseLooseHeader(json: Uint8Array, fileBytes: number, path: string): LooseTensor[] {
  const dataStart = LENGTH_BYTES + json.length
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json))
  } catch {
    throw bad(path, 'has a header that is not JSON')
  }
  if (!isRecord(header)) throw bad(path, 'has a header that is not a JSON object')
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => parseTensor(name, entry, dataStart, path))
    .sort((a, b) => a.begin - b.begin || a.end - b.end)
  let next = dataStart
  for (const { name, begin, end } of tensors) {
    if (begin !== next)
      throw bad(path, `has a hole or an overlap at byte ${next}, before tensor ${JSON.stringify(name)}`)
    next = end
  }
  if (next !== fileBytes) {
    const cut = tensors.find(({ end }) => end > fileBytes)
    const where = cut === undefined ? 'padded' : `cut off in tensor ${JSON.stringify(cut.name)}`
    throw bad(path, `has ${fileBytes} bytes where its header needs ${next}: it is ${where}`)
  }
  return tensors
}

function parseTensor(name: string, entry: unknown, dataStart: number, path: string): LooseTensor {
  const shown = `tensor ${JSON.stringify(name.slice(0, 80))}`
  if (!isRecord(entry)) throw bad(path, `has no description of ${shown}`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw bad(path, `needs a dtype, a shape and two data_offsets of whole numbers for ${shown}`)
  }
  if (shape.length > MAX_RANK) throw bad(path, `has ${shown} with ${shape.length} dimensions`)
  const [begin = 0, end = 0] = offsets
  const bytes = SOURCE_BYTES[dtype]
  const size = shape.reduce((product, dimension) => product * dimension, bytes ?? 1)
  if (!Number.isSafeInteger(size)) throw bad(path, `has ${shown} with a shape that overflows`)
  if (end < begin || (bytes !== undefined && end - begin !== size)) {
    throw bad(path, `has ${end - begin} bytes for ${shown}, whose shape and dtype need ${size}`)
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

/** What people rename to `.safetensors`. */
export function foreignKind(first: Uint8Array): string | null {
  if (first[0] === 0x50 && first[1] === 0x4b) return 'a zip archive, as PyTorch writes'
  if (first[0] === 0x80 && (first[1] ?? 9) <= 5) return 'a Python pickle'
  if (first[0] === 0x89 && first[1] === 0x48) return 'an HDF5 file'
  return null
}

/** Pickles are programs: nothing here runs them. */
export function pickled(path: string, kind: string): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `${path} is ${kind}, not a safetensors file.`, {
    hint: SAVE_AS_SAFETENSORS,
  })
}

export const SAVE_AS_SAFETENSORS =
  "if you trust where it comes from, convert it: python3 -c \"from transformers import AutoModel; AutoModel.from_pretrained('DIR').save_pretrained('NEW', safe_serialization=True)\", copy the tokenizer files, and import NEW"

function bad(path: string, what: string): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `${path} ${what}.`, {
    hint: 'download the file again, or save the model anew',
  })
}
