import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { encodeNode, treeHeight } from './file-tree.ts'
import { DIGEST_BYTES, LEAF_BYTES, leafCount } from './leaves.ts'

export { DIGEST_BYTES, leafBytes, leafCount } from './leaves.ts'

const RAW = 0x55
const DAG_PB = 0x70
const SHA2_256 = 0x12
const MAX_LINKS = 1024

/**
 * A file's tree by digests alone, 32 bytes for each block: leaves first, then each height of nodes over them, the root
 * last. The nodes themselves follow from it.
 */
export interface DigestTree {
  readonly bytes: number
  /** At each height the digests of its blocks, one after the other. */
  readonly levels: readonly Uint8Array[]
}

/** @param digests SHA-256 of each leaf, in order */
export function treeOfDigests(digests: Uint8Array, bytes: number): DigestTree {
  if (digests.length !== leafCount(bytes) * DIGEST_BYTES) throw new Error('a digest for each leaf')
  const levels = [digests]
  const top = treeHeight(bytes)
  for (let height = 1; height <= top; height++) {
    const count = Math.ceil((levels[height - 1]?.length ?? 0) / DIGEST_BYTES / MAX_LINKS)
    const level = new Uint8Array(count * DIGEST_BYTES)
    for (let index = 0; index < count; index++) {
      level.set(writeNode({ bytes, levels }, height, index).cid.multihash.digest, index * DIGEST_BYTES)
    }
    levels.push(level)
  }
  return { bytes, levels }
}

export function rootOf({ levels }: DigestTree): CID {
  return cidOf(levels.at(-1) ?? new Uint8Array(), levels.length - 1)
}

/** The block of a node, from the digests below it. @param height at least 1 */
export function writeNode(
  { bytes, levels }: DigestTree,
  height: number,
  index: number,
): { cid: CID; block: Uint8Array } {
  const below = levels[height - 1] ?? new Uint8Array()
  const holds = LEAF_BYTES * MAX_LINKS ** (height - 1)
  const first = index * MAX_LINKS
  const count = Math.min(MAX_LINKS, below.length / DIGEST_BYTES - first)
  const children = Array.from({ length: count }, (_, i) => ({
    cid: cidOf(digestAt(below, first + i), height - 1),
    bytes: Math.min(holds, bytes - (first + i) * holds),
  }))
  return encodeNode(children, height)
}

/** The bytes of one digest among others; a view. */
export function digestAt(level: Uint8Array, index: number): Uint8Array {
  return level.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
}

/** @param height 0 for a leaf */
export function cidOf(digest: Uint8Array, height: number): CID {
  return CID.createV1(height === 0 ? RAW : DAG_PB, createDigest(SHA2_256, digest.slice()))
}
