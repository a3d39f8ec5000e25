import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { LEAF_BYTES } from '../file-tree.ts'
import { badCheckpoint } from '../header.ts'

/** Bytes of an element: what is packed together. */
export type Width = 2 | 4

const LEVEL = 1
/** Log2 of what zstd looks back at: a leaf. A frame that asks for more is refused before its memory is taken. */
const WINDOW = 20
const PACKING = {
  params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_windowLog]: WINDOW },
}

/**
 * What of a leaf differs from the leaf of its base at the same place: differences of the floats' keys (integers in their
 * order), signs folded into the lowest bit, byte plane by byte plane, packed by zstd. Exact for any bytes; small where training
 * moved little. Null when the leaf is no whole number of elements, or does not get smaller.
 */
export function packLeaf(leaf: Uint8Array, base: Uint8Array, width: Width): Uint8Array | null {
  if (leaf.length !== base.length || leaf.length % width !== 0) return null
  const planes = new Uint8Array(leaf.length)
  if (width === 2) split16(wordsOf16(leaf), wordsOf16(base), planes)
  else split32(wordsOf32(leaf), wordsOf32(base), planes)
  const packed = zstdCompressSync(planes, PACKING)
  return packed.length < leaf.length ? packed : null
}

/**
 * The leaf again. Its bytes are to be compared with its CID: what others packed may be anything.
 * @throws ColdmeshError `bad-checkpoint`: no zstd, or not as many bytes as the base's leaf
 */
export function unpackLeaf(packed: Uint8Array, base: Uint8Array, width: Width): Uint8Array {
  if (base.length % width !== 0) throw badCheckpoint('A delta packs a leaf that is no whole number of elements.')
  const planes = unzip(packed, base.length)
  const out = new Uint8Array(base.length)
  if (width === 2) join16(planes, wordsOf16(base), new Uint16Array(out.buffer))
  else join32(planes, wordsOf32(base), new Uint32Array(out.buffer))
  return out
}

function unzip(packed: Uint8Array, bytes: number): Uint8Array {
  const params = { [constants.ZSTD_d_windowLogMax]: WINDOW }
  try {
    const planes = zstdDecompressSync(packed, { params, maxOutputLength: Math.min(bytes, LEAF_BYTES) })
    if (planes.length === bytes) return planes
  } catch (cause) {
    throw badCheckpoint(`A delta could not be unpacked (${cause instanceof Error ? cause.message : 'unknown'}).`)
  }
  throw badCheckpoint('A delta unpacks to another length than that of its leaf.')
}

/** A float's bits as an integer of its order. Its own inverse. */
const key32 = (bits: number): number => bits ^ ((bits >> 31) >>> 1)
const key16 = (bits: number): number => {
  const signed = (bits << 16) >> 16
  return signed ^ ((signed >> 31) >>> 17)
}

function split32(leaf: Int32Array, base: Int32Array, planes: Uint8Array): void {
  const count = leaf.length
  for (let i = 0; i < count; i++) {
    const difference = (key32(leaf[i] ?? 0) - key32(base[i] ?? 0)) | 0
    const folded = (difference << 1) ^ (difference >> 31)
    planes[i] = folded
    planes[count + i] = folded >>> 8
    planes[2 * count + i] = folded >>> 16
    planes[3 * count + i] = folded >>> 24
  }
}

function join32(planes: Uint8Array, base: Int32Array, out: Uint32Array): void {
  const count = base.length
  for (let i = 0; i < count; i++) {
    const folded =
      (planes[i] ?? 0) |
      ((planes[count + i] ?? 0) << 8) |
      ((planes[2 * count + i] ?? 0) << 16) |
      ((planes[3 * count + i] ?? 0) << 24)
    out[i] = key32((key32(base[i] ?? 0) + ((folded >>> 1) ^ -(folded & 1))) | 0)
  }
}

function split16(leaf: Uint16Array, base: Uint16Array, planes: Uint8Array): void {
  const count = leaf.length
  for (let i = 0; i < count; i++) {
    const difference = ((key16(leaf[i] ?? 0) - key16(base[i] ?? 0)) << 16) >> 16
    const folded = (difference << 1) ^ (difference >> 31)
    planes[i] = folded
    planes[count + i] = folded >>> 8
  }
}

function join16(planes: Uint8Array, base: Uint16Array, out: Uint16Array): void {
  const count = base.length
  for (let i = 0; i < count; i++) {
    const folded = (planes[i] ?? 0) | ((planes[count + i] ?? 0) << 8)
    out[i] = key16(key16(base[i] ?? 0) + ((folded >>> 1) ^ -(folded & 1)))
  }
}

/** Views where the address allows it, else of a copy. */
function wordsOf32(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset, byteLength } = byteOffsetFits(bytes, 4) ? bytes : new Uint8Array(bytes)
  return new Int32Array(buffer, byteOffset, byteLength / 4)
}

function wordsOf16(bytes: Uint8Array): Uint16Array {
  const { buffer, byteOffset, byteLength } = byteOffsetFits(bytes, 2) ? bytes : new Uint8Array(bytes)
  return new Uint16Array(buffer, byteOffset, byteLength / 2)
}

function byteOffsetFits({ byteOffset }: Uint8Array, width: Width): boolean {
  return byteOffset % width === 0
}
