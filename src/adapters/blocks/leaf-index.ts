import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, MalformedError } from '../../../protocols/wire/codec.ts'
import { bytes, list, nullable, type Read, record, text, uint } from '../../../protocols/wire/fields.ts'
import { DIGEST_BYTES, type DigestTree, rootOf } from '../../checkpoint/digest-tree.ts'

/** A file that somebody else owns, as it was when it was looked at. */
export interface LinkedFile {
  readonly path: string
  readonly inode: string
  readonly modified: string
}

/** What lies beside a file: the digests of its blocks, so that opening a store reads no weights. */
export interface LeafIndex {
  readonly tree: DigestTree
  readonly link: LinkedFile | null
}

const MAX_INDEX_BYTES = 256 * 1_048_576
const MAX_HEIGHT = 8
const MAX_PATH_BYTES = 8_192

const fields = record({
  version: uint({ min: 1, max: 1 }),
  bytes: uint(),
  levels: list(bytes({ atMost: MAX_INDEX_BYTES }), { max: MAX_HEIGHT, min: 1 }),
  link: nullable(
    record({
      path: text({ maxBytes: MAX_PATH_BYTES }),
      inode: text({ maxBytes: 64 }),
      modified: text({ maxBytes: 64 }),
    }),
  ),
})

/** Canonical dag-cbor, and its SHA-256 behind it. */
export function encodeIndex({ tree, link }: LeafIndex): Uint8Array {
  const { bytes, levels } = tree
  const value = encodeCanonical({ version: 1, bytes, levels, link: link === null ? null : { ...link } })
  return Buffer.concat([value, hash('sha256', value, 'buffer')])
}

/** Null for what is damaged, or is another file's. */
export function decodeIndex(index: Uint8Array, root: CID): LeafIndex | null {
  const value = index.subarray(0, -DIGEST_BYTES)
  if (value.length === 0 || !equalBytes(hash('sha256', value, 'buffer'), index.subarray(-DIGEST_BYTES))) return null
  try {
    const read: Read<typeof fields> = fields.read(decodeCanonical(value, MAX_INDEX_BYTES), 'index')
    const tree = { bytes: read.bytes, levels: read.levels }
    return rootOf(tree).equals(root) ? { tree, link: read.link } : null
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}
