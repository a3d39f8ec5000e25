import { decode, encode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocols/wire/bytes.ts'
import type { ColdmeshError } from '../ports/errors.ts'
import { dagPbCid, isDagPbCid, isRawCid } from './cid.ts'
import { badCheckpoint } from './header.ts'
import { LEAF_BYTES } from './leaves.ts'

export { LEAF_BYTES } from './leaves.ts'

/**
 * The one tree that the profile unixfs-v1-2025 gives a file. Its shape, every size in it and the length of every node
 * follow from the file's length, so a node read from others is checked by writing it again.
 */

/** Links of every node but the last of its height. */
const MAX_LINKS = 1024
/** A full node has about 55 KiB. */
const MAX_NODE_BYTES = 131_072

/** A leaf (height 0) or a node over others, with the file bytes below it. */
export interface Subtree {
  readonly cid: CID
  readonly bytes: number
}

/** Levels of nodes above the leaves of a file of so many bytes. */
export function treeHeight(bytes: number): number {
  let height = 0
  for (let holds = LEAF_BYTES; holds < bytes; holds *= MAX_LINKS) height++
  return height
}

/** File bytes below each child of a node of this height. */
export function childBytes(bytes: number, height: number): number[] {
  const holds = capacity(height - 1)
  const count = Math.ceil(bytes / holds)
  return Array.from({ length: count }, (_, index) => (index < count - 1 ? holds : bytes - holds * (count - 1)))
}

/** Number of children at which a node is full. */
export function isFull(children: readonly Subtree[]): boolean {
  return children.length === MAX_LINKS
}

/** The node over these children; `height` is its own, at least 1. */
export function encodeNode(
  children: readonly Subtree[],
  height: number,
): { cid: CID; bytes: number; block: Uint8Array } {
  const links = children.map(({ cid, bytes }) => ({ Name: '', Tsize: treeTsize(bytes, height - 1), Hash: cid }))
  const block = encode({ Data: encodeFileData(children), Links: links })
  return { cid: dagPbCid(block), bytes: children.reduce((sum, child) => sum + child.bytes, 0), block }
}

/**
 * UnixFS data of a file node: its type (field 1), the file bytes below it (3) and those below each child (4). The library writes
 * wrong bytes for sizes from 2^31 to 2^32 - 1.
 */
function encodeFileData(children: readonly Subtree[]): Uint8Array {
  const total = children.reduce((sum, { bytes }) => sum + bytes, 0)
  const sizes = children.flatMap(({ bytes }) => [0x20, ...varint(bytes)])
  return Uint8Array.from([0x08, 0x02, 0x18, ...varint(total), ...sizes])
}

/**
 * The file length that a root node states, before anything below it is read.
 * @throws ColdmeshError `bad-checkpoint` when it is no file's root
 */
export function readRootBytes(block: Uint8Array): number {
  const { data } = decodeFileNode(block)
  const bytes = data.blockSizes.reduce((sum, size) => sum + size, 0n)
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw badCheckpoint(`The file states ${bytes} bytes: too many.`)
  if (bytes <= BigInt(LEAF_BYTES))
    throw notCanonical('A file of at most 1 MiB is one raw leaf; this one has a node above it.')
  return Number(bytes)
}

/**
 * The children of a node that holds `bytes` at `height`.
 * @throws ColdmeshError `bad-checkpoint` when it is not the node that the profile gives
 */
export function readChildren(block: Uint8Array, bytes: number, height: number): readonly Subtree[] {
  const { links } = decodeFileNode(block)
  const sizes = childBytes(bytes, height)
  if (links.length !== sizes.length) {
    throw notCanonical(
      `A file node has ${links.length} links where ${sizes.length} are canonical: chunks must be 1 MiB, 1,024 a node.`,
    )
  }
  const isChild = height === 1 ? isRawCid : isDagPbCid
  const children = links.flatMap((cid, index) => {
    const size = sizes[index]
    return size === undefined || !isChild(cid) ? [] : [{ cid, bytes: size }]
  })
  if (children.length !== links.length)
    throw notCanonical('A file node links to a CID of another kind than the profile gives.')
  if (!equalBytes(encodeNode(children, height).block, block)) {
    throw notCanonical(
      'A file node is not canonical: its sizes, field order or metadata differ from the profile unixfs-v1-2025.',
    )
  }
  return children
}

/**
 * Bytes of a whole subtree, nodes included: what a directory states as Tsize.
 * @param bytes file bytes below it
 */
export function treeTsize(bytes: number, height: number = treeHeight(bytes)): number {
  if (height === 0) return bytes
  const full = capacity(height - 1)
  const fullCount = Math.ceil(bytes / full) - 1
  const last = bytes - fullCount * full
  const [fullTsize, lastTsize] = [fullCount > 0 ? treeTsize(full, height - 1) : 0, treeTsize(last, height - 1)]
  const sizesBytes = fullCount * (1 + varintBytes(full)) + 1 + varintBytes(last)
  const dataBytes = 2 + 1 + varintBytes(bytes) + sizesBytes
  const nodeBytes = fullCount * linkBytes(fullTsize) + linkBytes(lastTsize) + 1 + varintBytes(dataBytes) + dataBytes
  return nodeBytes + fullCount * fullTsize + lastTsize
}

/** The file length whose `treeTsize` is this, or null when no file has it. */
export function bytesFromTsize(tsize: number): number | null {
  let [low, high] = [0, tsize]
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    if (treeTsize(middle) < tsize) low = middle + 1
    else high = middle
  }
  return treeTsize(low) === tsize ? low : null
}

/** The same bytes have another name than the one that everybody computes for them. */
function notCanonical(message: string): ColdmeshError {
  return badCheckpoint(message, { reason: 'not-canonical' })
}

function capacity(height: number): number {
  return LEAF_BYTES * MAX_LINKS ** height
}

function decodeFileNode(block: Uint8Array): { data: UnixFS; links: readonly CID[] } {
  if (block.length > MAX_NODE_BYTES)
    throw badCheckpoint(`A file node has ${block.length} bytes; at most ${MAX_NODE_BYTES} are read.`)
  let data: UnixFS
  let links: readonly CID[]
  try {
    const node = decode(block)
    data = UnixFS.unmarshal(node.Data ?? new Uint8Array())
    links = node.Links.map((link) => link.Hash)
  } catch (cause) {
    throw badCheckpoint(`A block is not a UnixFS node: ${cause instanceof Error ? cause.message : 'unreadable'}.`)
  }
  if (data.type !== 'file') throw badCheckpoint(`This is a ${data.type} where a file must be.`)
  return { data, links }
}

/** One link: tag and length, then the CID, an empty name, and the Tsize. */
function linkBytes(tsize: number): number {
  const inner = 2 + 36 + 2 + 1 + varintBytes(tsize)
  return 1 + varintBytes(inner) + inner
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}
