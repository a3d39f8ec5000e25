import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { LEAF_BYTES } from '../../../src/checkpoint/unixfs.ts'
import { measure } from '../measure.ts'
import { joinPlanes, splitPlanes, type Transform } from './transforms.ts'

export interface Packed {
  /** Packed bytes over plain ones; leaves that are the base's count nothing. */
  readonly share: number
  /** Leaves that are the base's, over all. */
  readonly unchanged: number
  /** CPU seconds a gigabyte of plain bytes. */
  readonly packing: number
  readonly unpacking: number
}

export interface Packing {
  readonly transform: Transform
  readonly isSplit: boolean
  readonly level: number
}

/** Packs what of a checkpoint differs from its base, leaf by leaf, unpacks it, and compares. */
export async function pack(
  { base, checkpoint }: { readonly base: Uint8Array; readonly checkpoint: Uint8Array },
  width: 2 | 4,
  packing: Packing,
): Promise<Packed> {
  const pairs = leafPairs(base, checkpoint)
  const changed = pairs.filter(([theirs, ours]) => Buffer.compare(theirs, ours) !== 0)
  let packed: Uint8Array[] = []
  const packingCost = await measure(() => {
    packed = changed.map(([theirs, ours]) => packLeaf(ours, theirs, width, packing))
  })
  let back: Uint8Array[] = []
  const unpackingCost = await measure(() => {
    back = changed.map(([theirs], i) => unpackLeaf(packed[i] ?? new Uint8Array(), theirs, width, packing))
  })
  if (changed.some(([, ours], i) => Buffer.compare(ours, back[i] ?? new Uint8Array()) !== 0)) {
    throw new Error(`${packing.transform.name} is not exact`)
  }
  const bytes = packed.reduce((sum, { length }) => sum + length, 0)
  return {
    share: bytes / checkpoint.length,
    unchanged: 1 - changed.length / pairs.length,
    packing: packingCost.cpuSeconds / (checkpoint.length / 1e9),
    unpacking: unpackingCost.cpuSeconds / (checkpoint.length / 1e9),
  }
}

type Pair = readonly [Uint8Array, Uint8Array]

function leafPairs(base: Uint8Array, checkpoint: Uint8Array): Pair[] {
  const pairs: Pair[] = []
  for (let at = 0; at < checkpoint.length; at += LEAF_BYTES) {
    pairs.push([copyOf(base, at), copyOf(checkpoint, at)])
  }
  return pairs
}

function copyOf(file: Uint8Array, at: number): Uint8Array {
  return new Uint8Array(file.subarray(at, at + LEAF_BYTES))
}

function packLeaf(
  leaf: Uint8Array,
  base: Uint8Array,
  width: 2 | 4,
  { transform, isSplit, level }: Packing,
): Uint8Array {
  const words = transform.to(wordsOf(leaf, width), wordsOf(base, width))
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  const { ZSTD_c_compressionLevel } = constants
  return zstdCompressSync(isSplit ? splitPlanes(bytes, width) : bytes, { params: { [ZSTD_c_compressionLevel]: level } })
}

function unpackLeaf(packed: Uint8Array, base: Uint8Array, width: 2 | 4, { transform, isSplit }: Packing): Uint8Array {
  const bytes = new Uint8Array(zstdDecompressSync(packed, { maxOutputLength: LEAF_BYTES }))
  const words = transform.back(wordsOf(isSplit ? joinPlanes(bytes, width) : bytes, width), wordsOf(base, width))
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

/** Every leaf of these files is a whole number of elements. */
function wordsOf(bytes: Uint8Array, width: 2 | 4) {
  const buffer = new Uint8Array(bytes).buffer
  return width === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer)
}
