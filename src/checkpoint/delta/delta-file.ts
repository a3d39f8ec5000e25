import { equalBytes } from '../../../protocols/wire/bytes.ts'
import { LEAF_BYTES } from '../file-tree.ts'
import { badCheckpoint } from '../header.ts'
import { packLeaf, unpackLeaf, type Width } from './pack-leaf.ts'

/**
 * A checkpoint as its difference from a base of the same length: eight bytes that say so, then a record for each leaf that is not
 * the base's, in the order of the file: one byte how (0: the leaf as it is; 2 or 4: packed by elements of so many bytes), three
 * bytes the length of what follows, little-endian, and that. docs/fusion.md has it in full.
 */
const MAGIC = new TextEncoder().encode('cmdelta1')
const RECORD_BYTES = 4
const PLAIN = 0

/** A leaf and that of the base at its place. */
export interface LeafPair {
  readonly leaf: Uint8Array
  readonly base: Uint8Array
}

/** Writes a delta. @param changed pairs that are not equal; those that are have no record */
export async function* encodeDelta(
  changed: AsyncIterable<LeafPair> | Iterable<LeafPair>,
  { width }: { readonly width: Width },
): AsyncGenerator<Uint8Array> {
  yield MAGIC
  for await (const { leaf, base } of changed) {
    const packed = packLeaf(leaf, base, width)
    const data = packed ?? leaf
    yield recordOf(packed === null ? PLAIN : width, data.length)
    yield data
  }
}

/**
 * Reads a delta: the leaves that it has records for, in their order. They are whatever its author wrote: compare each with its CID.
 * @param source the delta's bytes in chunks of any size
 * @param bases the base's leaf for each record, asked for when it is needed
 * @throws ColdmeshError `bad-checkpoint`: another format, a record too long, too few or too many records
 */
export async function* decodeDelta(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bases: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = createReader(source)
  if (!equalBytes(await reader.take(MAGIC.length), MAGIC)) throw badCheckpoint('This is no delta of a known format.')
  for await (const base of bases) {
    const [how = 0, low = 0, middle = 0, high = 0] = await reader.take(RECORD_BYTES)
    const length = low | (middle << 8) | (high << 16)
    if (length > base.length || length > LEAF_BYTES) throw badCheckpoint('A record of a delta is longer than its leaf.')
    const data = await reader.take(length)
    if (how === 2 || how === 4) yield unpackLeaf(data, base, how)
    else if (how === PLAIN && length === base.length) yield new Uint8Array(data)
    else throw badCheckpoint(`A record of a delta is of the unknown kind ${how}, or too short.`)
  }
  if (!(await reader.isAtEnd())) throw badCheckpoint('A delta has bytes after its last record.')
}

function recordOf(how: number, length: number): Uint8Array {
  return Uint8Array.of(how, length & 0xff, (length >>> 8) & 0xff, length >>> 16)
}

/** Takes so many bytes at a time out of chunks; holds one chunk, and what is asked for. */
function createReader(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let chunk: Uint8Array = new Uint8Array()

  async function more(): Promise<boolean> {
    while (chunk.length === 0) {
      const next = await chunks.next()
      if (next.done) return false
      chunk = next.value
    }
    return true
  }

  return {
    async take(length: number): Promise<Uint8Array> {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; ) {
        if (!(await more())) throw badCheckpoint('A delta is cut off.')
        const part = chunk.subarray(0, length - at)
        out.set(part, at)
        chunk = chunk.subarray(part.length)
        at += part.length
      }
      return out
    },
    isAtEnd: async () => !(await more()),
  }
}
