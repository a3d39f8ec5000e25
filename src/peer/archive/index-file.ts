import type { BlockTable } from './block-table.ts'

/** Beside `FILE.car`. */
export const INDEX_SUFFIX = '.idx'

const MULTIHASH_INDEX_SORTED = Uint8Array.of(0x81, 0x08)
const SHA2_256 = 0x12n
const DIGEST_BYTES = 32
const ENTRY_BYTES = DIGEST_BYTES + 8
const HEAD_BYTES = MULTIHASH_INDEX_SORTED.length + 4 + 8 + 4 + 4 + 8
/** Of one chunk. */
const CHUNK_ENTRIES = 16_384

/**
 * SPEC 11, The index: one multihash code and one width, then digest and offset of each block, by digest. Numbers are little-endian.
 * @param table offsets are of sections, from the start of the file
 */
export function* encodeIndex(table: BlockTable): Generator<Uint8Array> {
  const head = Buffer.alloc(HEAD_BYTES)
  head.set(MULTIHASH_INDEX_SORTED)
  let at = MULTIHASH_INDEX_SORTED.length
  at = head.writeUInt32LE(1, at)
  at = head.writeBigUInt64LE(SHA2_256, at)
  at = head.writeUInt32LE(1, at)
  at = head.writeUInt32LE(ENTRY_BYTES, at)
  head.writeBigUInt64LE(BigInt(table.length * ENTRY_BYTES), at)
  yield head
  const order = Uint32Array.from({ length: table.length }, (_, index) => index)
  order.sort((a, b) => Buffer.compare(table.digestAt(a), table.digestAt(b)) || table.offsetAt(a) - table.offsetAt(b))
  for (let from = 0; from < order.length; from += CHUNK_ENTRIES) {
    const some = order.subarray(from, from + CHUNK_ENTRIES)
    const chunk = Buffer.alloc(some.length * ENTRY_BYTES)
    for (const [i, index] of some.entries()) {
      chunk.set(table.digestAt(index), i * ENTRY_BYTES)
      chunk.writeBigUInt64LE(BigInt(table.offsetAt(index)), i * ENTRY_BYTES + DIGEST_BYTES)
    }
    yield chunk
  }
}
