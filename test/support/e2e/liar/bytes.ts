import type { CID } from 'multiformats/cid'
import { encodeNode, LEAF_BYTES } from '../../../../src/checkpoint/file-tree.ts'
import { importFile } from '../../../../src/checkpoint/unixfs.ts'
import { CODEC, cidOf, directoryNode, fileNode, unixfsNode } from '../../../net/adapters/content.ts'

type Put = (cid: CID, block: Uint8Array) => Promise<void>

/** A checkpoint that is none, and what every member must say of it. */
export interface BytesLie {
  readonly name: string
  readonly reason: string
  /** Puts the blocks; the CID to announce. `weights` are the base's, of more than one leaf and less than two. */
  make(weights: Uint8Array, put: Put): Promise<CID>
}

const QUARTER = LEAF_BYTES / 4
const CHAIN_LENGTH = 10_000
/** Where the header's text begins, and some way into it. */
const IN_HEADER = 8 + 20

/** Lies that all of a checkpoint's bytes can tell. The sizes in the announcement are what the network wants. */
export const BYTES_LIES: readonly BytesLie[] = [
  lie('another header', 'header-differs', (weights, put) => file(changed(weights, IN_HEADER), put)),
  lie('a NaN', 'not-finite', (weights, put) => {
    const copy = new Uint8Array(weights)
    new DataView(copy.buffer).setFloat32(copy.length - 400, Number.NaN, true)
    return file(copy, put)
  }),
  lie('a truncated file', 'wrong-size', (weights, put) => file(weights.subarray(0, -4), put)),
  lie('an oversized file', 'wrong-size', (weights, put) => file(Buffer.concat([weights, new Uint8Array(4)]), put)),
  lie('one raw leaf', 'wrong-size', (weights, put) => file(weights.subarray(0, 1000), put)),
  lie('a leaf shorter than its node says', 'wrong-size', (weights, put) => tree(weights, put, -1)),
  lie('a leaf longer than its node says', 'wrong-size', (weights, put) => tree(weights, put, 1)),
  lie('a fileSize larger than its leaves', 'not-canonical', otherFileSize),
  lie('other chunks', 'not-canonical', (weights, put) => chunks(weights, put)),
  lie('a directory', 'not-a-file', async (weights, put) => {
    const leaf = await file(changed(weights, weights.length - 1), put)
    return node(directoryNode([['model.safetensors', leaf]]), put)
  }),
  lie('a symlink', 'not-a-file', (_, put) => node(unixfsNode('symlink'), put)),
  lie('a sharded directory', 'not-a-file', (_, put) => node(unixfsNode('hamt-sharded-directory'), put)),
  lie('a bomb of links', 'wrong-size', bomb),
  lie('a chain without end', 'too-large', chain),
  lie('a node with too many links', 'too-large', async (weights, put) => {
    const leaf = await raw(weights.subarray(0, 1), put)
    const links = Array.from({ length: 1025 }, (_, i) => [leaf, i === 0 ? weights.length - 1024 : 1] as const)
    return node(fileNode(links), put)
  }),
]

function lie(name: string, reason: string, make: BytesLie['make']): BytesLie {
  return { name, reason, make }
}

/** A copy with one bit flipped, low enough to leave a float finite. */
export function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

async function file(bytes: Uint8Array, put: Put): Promise<CID> {
  return (await importFile([bytes], put)).cid
}

async function raw(bytes: Uint8Array, put: Put): Promise<CID> {
  const cid = cidOf(bytes)
  await put(cid, bytes)
  return cid
}

async function node(block: Uint8Array, put: Put): Promise<CID> {
  const cid = cidOf(block, CODEC.DAG_PB)
  await put(cid, block)
  return cid
}

/** The canonical root for the right sizes, over a last leaf that is `more` bytes longer. */
async function tree(weights: Uint8Array, put: Put, more: number): Promise<CID> {
  const rest = weights.length - LEAF_BYTES
  const last = new Uint8Array(rest + more)
  last.set(weights.subarray(LEAF_BYTES, LEAF_BYTES + Math.min(rest, last.length)))
  const children = [
    { cid: await raw(weights.subarray(0, LEAF_BYTES), put), bytes: LEAF_BYTES },
    { cid: await raw(last, put), bytes: rest },
  ]
  const { cid, block } = encodeNode(children, 1)
  await put(cid, block)
  return cid
}

/** A root whose `filesize` (field 3 of its UnixFS data) is one more than its children have. */
async function otherFileSize(weights: Uint8Array, put: Put): Promise<CID> {
  const leaves = [weights.subarray(0, LEAF_BYTES), changed(weights.subarray(LEAF_BYTES), 0)]
  const children = await Promise.all(leaves.map(async (leaf) => ({ cid: await raw(leaf, put), bytes: leaf.length })))
  const { block } = encodeNode(children, 1)
  const tag = Buffer.from(block).lastIndexOf(Uint8Array.of(0x08, 0x02, 0x18))
  if (tag < 0) throw new Error('a file node states its type and size')
  return node(changed(block, tag + 3), put)
}

async function chunks(weights: Uint8Array, put: Put): Promise<CID> {
  const links: (readonly [CID, number])[] = []
  for (let at = 0; at < weights.length; at += QUARTER) {
    const chunk = weights.subarray(at, at + QUARTER)
    links.push([await raw(chunk, put), chunk.length])
  }
  return node(fileNode(links), put)
}

/** 1,024 links to a node of 1,024 links to a node of 1,024 links to one leaf: a gibibyte for each byte of it. */
async function bomb(weights: Uint8Array, put: Put): Promise<CID> {
  let [cid, bytes] = [await raw(weights.subarray(0, 64), put), 64]
  for (let level = 0; level < 3; level++) {
    const [child, size] = [cid, bytes]
    cid = await node(fileNode(Array.from({ length: 1024 }, () => [child, size] as const)), put)
    bytes *= 1024
  }
  return cid
}

/** Nodes of one link each, that all say the right size. */
async function chain(weights: Uint8Array, put: Put): Promise<CID> {
  let cid = await raw(weights.subarray(0, 64), put)
  for (let depth = 0; depth < CHAIN_LENGTH; depth++) cid = await node(fileNode([[cid, weights.length]]), put)
  return cid
}
