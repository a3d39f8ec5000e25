import { badCheckpoint, METADATA_NAME, parseHeader, show } from './header.ts'

/** Bytes of one element. F64, complex, 8-bit float and sub-byte types are no part of a coldmesh checkpoint. */
const DTYPE_BYTES = {
  F32: 4,
  BF16: 2,
  F16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const

export type Dtype = keyof typeof DTYPE_BYTES

export interface TensorEntry {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  /** Bytes, from the start of the data. */
  readonly begin: number
  readonly end: number
}

/** Where everything lies in a `model.safetensors`. Tensors are in the order of their offsets and leave no hole. */
export interface Layout {
  /** The file's first `dataStart` bytes: length field, JSON, padding. */
  readonly header: Uint8Array
  readonly tensors: readonly TensorEntry[]
  /** Bytes; a multiple of 8, at most 1 MiB: the header lies in the file's first leaf. */
  readonly dataStart: number
  readonly totalBytes: number
  readonly metadata: Readonly<Record<string, string>>
}

/** A tensor before it has a place. */
export interface TensorSpec {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
}

/** Bytes of the length field that a file starts with: an unsigned 64-bit little-endian integer. */
const LENGTH_BYTES = 8
/** The header and its length field fit the first leaf. */
export const MAX_DATA_START = 1_048_576
const ALIGNMENT = 8

/**
 * Reads the header of a safetensors file, strictly.
 * @param firstBytes the file's beginning, at least up to the end of its header (1 MiB always suffices)
 * @param totalBytes the file's length in bytes
 * @throws ColdmeshError `bad-checkpoint`, saying in one sentence what is wrong
 */
export function parseLayout(firstBytes: Uint8Array, totalBytes: number): Layout {
  const dataStart = readDataStart(firstBytes, totalBytes)
  // a copy by constructor: `slice` of a Node Buffer shares its memory
  const header = new Uint8Array(firstBytes.subarray(0, dataStart))
  const { tensors: stated, metadata } = parseHeader(decodeText(header.subarray(LENGTH_BYTES)))
  if (stated.length === 0) throw badCheckpoint('The header has no tensor.')
  const tensors = stated.map(checkTensor).sort((a, b) => a.begin - b.begin)
  let next = 0
  for (const tensor of tensors) {
    if (tensor.begin > next) throw badCheckpoint(`There is a hole before tensor ${show(tensor.name)}.`)
    if (tensor.begin < next) throw badCheckpoint(`Tensor ${show(tensor.name)} overlaps the one before it.`)
    next = tensor.end
  }
  const dataBytes = totalBytes - dataStart
  if (next < dataBytes) throw badCheckpoint(`The file has ${dataBytes - next} trailing bytes after its last tensor.`)
  if (next > dataBytes) throw badCheckpoint(`The file is cut off: ${next - dataBytes} bytes of tensors are missing.`)
  return { header, tensors, dataStart, totalBytes, metadata }
}

/**
 * Lays tensors out one after the other, in the given order, and writes the header as the reference library does.
 * @throws ColdmeshError `bad-checkpoint` when the result would not parse: see `canonicalOrder`
 */
export function encodeLayout(tensors: readonly TensorSpec[], metadata: Readonly<Record<string, string>> = {}): Layout {
  const fields: string[] = []
  const keys = Object.keys(metadata)
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`)
    fields.push(`"${METADATA_NAME}":{${pairs.join(',')}}`)
  }
  let next = 0
  for (const { name, dtype, shape } of tensors) {
    const end = next + tensorBytes({ name, dtype, shape })
    const place = `"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${next},${end}]`
    fields.push(`${JSON.stringify(name)}:{${place}}`)
    next = end
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`)
  const dataStart = Math.ceil((LENGTH_BYTES + json.length) / ALIGNMENT) * ALIGNMENT
  const header = new Uint8Array(dataStart).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(dataStart - LENGTH_BYTES), true)
  header.set(json, LENGTH_BYTES)
  return parseLayout(header, dataStart + next)
}

/** Widest elements first, then by name (code units): every tensor is aligned whatever its size. */
export function canonicalOrder<T extends TensorSpec>(tensors: readonly T[]): T[] {
  return [...tensors].sort((a, b) => {
    const wider = DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype]
    return wider !== 0 ? wider : a.name < b.name ? -1 : 1
  })
}

/** Bytes of one element. */
export function elementBytes(dtype: Dtype): number {
  return DTYPE_BYTES[dtype]
}

function isDtype(text: string): text is Dtype {
  return Object.hasOwn(DTYPE_BYTES, text)
}

function readDataStart(firstBytes: Uint8Array, totalBytes: number): number {
  if (!Number.isSafeInteger(totalBytes) || totalBytes < 0) throw badCheckpoint('The file length is not a whole number.')
  if (totalBytes < LENGTH_BYTES || firstBytes.length < LENGTH_BYTES) {
    throw badCheckpoint(`The file has ${Math.min(totalBytes, firstBytes.length)} bytes: too short for a header.`)
  }
  const view = new DataView(firstBytes.buffer, firstBytes.byteOffset, firstBytes.byteLength)
  const jsonBytes = view.getBigUint64(0, true)
  if (jsonBytes === 0n) throw badCheckpoint('The header length is 0.')
  if (jsonBytes > BigInt(MAX_DATA_START - LENGTH_BYTES)) {
    const kind = foreignKind(firstBytes)
    if (kind !== undefined) throw badCheckpoint(`This is ${kind}, not a safetensors file.`)
    throw badCheckpoint(
      `The header length is ${jsonBytes}; at most ${MAX_DATA_START - LENGTH_BYTES} bytes are allowed.`,
    )
  }
  const dataStart = LENGTH_BYTES + Number(jsonBytes)
  if (dataStart > totalBytes) throw badCheckpoint(`The header length is ${jsonBytes}, more than the file has.`)
  if (dataStart > firstBytes.length)
    throw badCheckpoint(`Only ${firstBytes.length} of the header's ${dataStart} bytes are here.`)
  if (dataStart % ALIGNMENT !== 0)
    throw badCheckpoint(`The data starts at byte ${dataStart}, no multiple of ${ALIGNMENT}.`)
  return dataStart
}

/** What people rename to `.safetensors`. */
function foreignKind(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return 'a zip archive (PyTorch writes such files)'
  if (bytes[0] === 0x80 && (bytes[1] ?? 0) <= 5) return 'a Python pickle'
  if (bytes[0] === 0x89 && bytes[1] === 0x48) return 'an HDF5 file'
  return undefined
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw badCheckpoint('The header is not UTF-8.')
  }
}

function checkTensor(stated: {
  name: string
  dtype: string
  shape: readonly number[]
  begin: number
  end: number
}): TensorEntry {
  const { name, dtype, shape, begin, end } = stated
  if (!isDtype(dtype)) throw badCheckpoint(`Tensor ${show(name)} has the dtype ${show(dtype)}, which is not supported.`)
  if (end < begin) throw badCheckpoint(`Tensor ${show(name)} ends before it begins.`)
  const bytes = tensorBytes({ name, dtype, shape })
  if (end - begin !== bytes) {
    throw badCheckpoint(`Tensor ${show(name)} has ${end - begin} bytes; its shape and dtype need ${bytes}.`)
  }
  if (begin % DTYPE_BYTES[dtype] !== 0) throw badCheckpoint(`Tensor ${show(name)} is not aligned to its elements.`)
  return { name, dtype, shape, begin, end }
}

function tensorBytes({ name, dtype, shape }: TensorSpec): number {
  let bytes = DTYPE_BYTES[dtype]
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw badCheckpoint(`The shape of tensor ${show(name)} has ${size}: no integer.`)
    if (size === 0) throw badCheckpoint(`Tensor ${show(name)} has no elements.`)
    if (size > Number.MAX_SAFE_INTEGER / bytes) throw badCheckpoint(`The shape of tensor ${show(name)} overflows.`)
    bytes *= size
  }
  return bytes
}
