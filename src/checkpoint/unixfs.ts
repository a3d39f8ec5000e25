import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../ports/errors.ts'
import { isCanonicalCid, isRawCid, rawCid } from './cid.ts'
import {
  encodeNode,
  isFull,
  LEAF_BYTES,
  readChildren,
  readRootBytes,
  type Subtree,
  treeHeight,
  treeTsize,
} from './file-tree.ts'
import { badCheckpoint } from './header.ts'

export { isCanonicalCid } from './cid.ts'
export { type DirectoryEntry, decodeDirectory, directoryTsize, encodeDirectory } from './directory.ts'
export { LEAF_BYTES } from './file-tree.ts'

/** Takes a block whose CID was computed from these bytes. */
export type PutBlock = (cid: CID, block: Uint8Array) => Promise<void> | void
/** Gives a block whose bytes were checked against its CID. */
export type GetBlock = (cid: CID) => Promise<Uint8Array>

export interface ImportOptions {
  /**
   * True when `put` is done with a block as soon as it resolves. Then leaves are views of a reused buffer (or of the
   * source's own chunks) and nothing is allocated per leaf. By default every block is `put`'s to keep.
   */
  readonly reuseBlocks?: boolean
}

/** Cumulative size of a file of so many bytes with its nodes: its Tsize in a directory. */
export function fileTsize(bytes: number): number {
  return treeTsize(bytes)
}

/** True for a CID that a file can have; with its length, only if a file of that length can have it. */
export function isFileCid(cid: CID, bytes?: number): boolean {
  if (bytes === undefined) return isCanonicalCid(cid)
  return isCanonicalCid(cid) && isRawCid(cid) === bytes <= LEAF_BYTES
}

/**
 * Cuts a file into 1 MiB raw leaves under balanced nodes (the profile unixfs-v1-2025): the CID that
 * `ipfs add` gives under that profile. Leaves are put in file order, each node after its children.
 * @param source the file's bytes in chunks of any size; a chunk may be overwritten once the next is asked for
 */
export async function importFile(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  put: PutBlock,
  options: ImportOptions = {},
): Promise<{ cid: CID; bytes: number }> {
  const levels: Subtree[][] = []

  /** Adds a subtree of this height; a level that is full becomes a node one higher. */
  async function add(subtree: Subtree, height: number): Promise<void> {
    const level = levels[height] ?? []
    levels[height] = level
    level.push(subtree)
    if (isFull(level)) await close(height)
  }

  async function close(height: number): Promise<void> {
    const { cid, bytes, block } = encodeNode(levels[height] ?? [], height + 1)
    levels[height] = []
    await put(cid, block)
    await add({ cid, bytes }, height + 1)
  }

  for await (const block of cutLeaves(source, options.reuseBlocks ?? false)) {
    const cid = rawCid(block)
    await put(cid, block)
    await add({ cid, bytes: block.length }, 0)
  }
  // levels grows while the partial ones close upwards
  for (let height = 0; height < levels.length; height++) {
    const level = levels[height] ?? []
    const [root] = level
    if (root !== undefined && level.length === 1 && height === levels.length - 1) return root
    if (root !== undefined) await close(height)
  }
  throw new Error('a file has at least one leaf')
}

/**
 * The leaves of a file in order, from its nodes alone. Sizes, link counts and depth follow from the length that the root
 * states, and each node is checked against them before anything below it is asked for.
 * @throws ColdmeshError `bad-checkpoint` when `root` is no canonical file, `too-large`, and whatever `get` throws
 */
export async function listLeaves(
  root: CID,
  get: GetBlock,
  limits: { maxBytes: number },
): Promise<{ leaves: readonly Subtree[]; bytes: number }> {
  if (!isCanonicalCid(root)) throw badCheckpoint(`${root} is not CIDv1, sha2-256, raw or dag-pb.`)
  const block = await get(root)
  const bytes = isRawCid(root) ? block.length : readRootBytes(block)
  if (bytes > limits.maxBytes) {
    throw new ColdmeshError('too-large', `${root} has ${bytes} bytes; at most ${limits.maxBytes} are allowed here.`, {
      facts: { bytes, maxBytes: limits.maxBytes },
    })
  }
  if (isRawCid(root)) {
    if (bytes > LEAF_BYTES) throw badCheckpoint(`The leaf ${root} has ${bytes} bytes; leaves have at most 1 MiB.`)
    return { leaves: [{ cid: root, bytes }], bytes }
  }
  const leaves: Subtree[] = []

  async function walk(node: Uint8Array, nodeBytes: number, height: number): Promise<void> {
    for (const child of readChildren(node, nodeBytes, height)) {
      if (height === 1) leaves.push(child)
      else await walk(await get(child.cid), child.bytes, height - 1)
    }
  }

  await walk(block, bytes, treeHeight(bytes))
  return { leaves, bytes }
}

/**
 * A file's bytes, leaf by leaf.
 * @throws ColdmeshError as `listLeaves`
 */
export async function* readFile(root: CID, get: GetBlock, limits: { maxBytes: number }): AsyncGenerator<Uint8Array> {
  const { leaves } = await listLeaves(root, get, limits)
  for (const { cid, bytes } of leaves) {
    const leaf = await get(cid)
    if (leaf.length !== bytes)
      throw badCheckpoint(`The leaf ${cid} has ${leaf.length} bytes where ${bytes} are canonical.`)
    yield leaf
  }
}

/** Whole leaves out of chunks of any size; an empty file is one empty leaf. */
async function* cutLeaves(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  reuse: boolean,
): AsyncGenerator<Uint8Array> {
  let buffer: Uint8Array | undefined
  let held = 0
  let isEmpty = true
  for await (const chunk of source) {
    let at = 0
    while (at < chunk.length) {
      const rest = chunk.length - at
      if (held === 0 && rest >= LEAF_BYTES) {
        const leaf = chunk.subarray(at, at + LEAF_BYTES)
        // a copy by constructor: `slice` of a Node Buffer shares its memory
        yield reuse ? leaf : new Uint8Array(leaf)
        at += LEAF_BYTES
        isEmpty = false
        continue
      }
      buffer ??= new Uint8Array(LEAF_BYTES)
      const taken = Math.min(rest, LEAF_BYTES - held)
      buffer.set(chunk.subarray(at, at + taken), held)
      at += taken
      held += taken
      if (held < LEAF_BYTES) continue
      yield buffer
      if (!reuse) buffer = undefined
      held = 0
      isEmpty = false
    }
  }
  if (held > 0 || isEmpty) yield (buffer ?? new Uint8Array()).slice(0, held)
}
