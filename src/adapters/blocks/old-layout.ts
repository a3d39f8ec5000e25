import { readdir, readFile, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { base32upper } from 'multiformats/bases/base32'
import type { CID } from 'multiformats/cid'
import { cidOf } from '../../checkpoint/digest-tree.ts'
import { readRootBytes } from '../../checkpoint/file-tree.ts'
import { isBlockOf } from '../../checkpoint/is-block-of.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import type { FileShelf } from './file-shelf.ts'
import { keyOfBlock } from './in-use.ts'
import type { LooseBlocks } from './loose-blocks.ts'

export interface Converted {
  readonly blocks: number
  readonly files: number
}

const SHARD = /^[A-Z2-7]{2}$/
const SUFFIX = '.data'
const DIGEST_AT = 2
const MAX_NODE_BYTES = 131_072
/** Blocks that are moved together. */
const TOGETHER = 64

/**
 * Takes over a directory in which each block was a file of its own: weights become files, all the rest is packed. What was moved is
 * deleted once it is on the disk, so that this may end anywhere and goes on at the next start.
 * @returns null when there was nothing of that kind. System errors pass through
 */
export async function convertOldLayout(
  directory: string,
  store: { readonly shelf: FileShelf; readonly loose: LooseBlocks; readonly files: WeightFiles },
): Promise<Converted | null> {
  const old = await listOld(directory)
  if (old === null) return null
  await rm(join(directory, '.unfinished'), { recursive: true, force: true })
  const blocks = old.paths.size
  const files = await moveFiles(old.paths, store)
  await moveRest(old.paths, store)
  for (const shard of old.shards) await rm(shard, { recursive: true, force: true })
  return { blocks, files }
}

/** Whether a directory has blocks of that kind, or what is left of them. */
export async function isOldLayout(directory: string): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries.some((entry) => entry.isDirectory() && SHARD.test(entry.name))
}

type Paths = Map<string, string>

async function listOld(
  directory: string,
): Promise<{ readonly paths: Paths; readonly shards: readonly string[] } | null> {
  const shards: string[] = []
  const paths: Paths = new Map()
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || !SHARD.test(entry.name)) continue
    const shard = join(directory, entry.name)
    shards.push(shard)
    for (const name of await readdir(shard)) {
      const digest = digestOfName(name)
      if (digest !== null) paths.set(Buffer.from(digest).toString('latin1'), join(shard, name))
    }
  }
  return shards.length === 0 ? null : { paths, shards }
}

function digestOfName(name: string): Uint8Array | null {
  try {
    const multihash = base32upper.decode(name.slice(0, -SUFFIX.length))
    const isSha256 = multihash.length === DIGEST_AT + 32 && multihash[0] === 0x12
    return name.endsWith(SUFFIX) && isSha256 ? multihash.subarray(DIGEST_AT) : null
  } catch {
    return null
  }
}

/** Every canonical file of several leaves that is there as a whole; the largest first, whose nodes look like files of their own. */
async function moveFiles(
  paths: Paths,
  { shelf, files }: { readonly shelf: FileShelf; readonly files: WeightFiles },
): Promise<number> {
  const get = async (cid: CID): Promise<Uint8Array> => {
    const path = paths.get(keyOfBlock(cid))
    const block = path === undefined ? undefined : await readFile(path)
    if (block !== undefined && isBlockOf(cid, block)) return block
    throw new ColdmeshError('block-missing', 'A block is not here.', { facts: { cid: String(cid) } })
  }
  let count = 0
  for (const { root, bytes } of await listRoots(paths)) {
    if (shelf.hasNode(root)) continue
    const listed = await listLeaves(root, get, { maxBytes: bytes }).catch(() => null)
    if (listed === null || !listed.leaves.every(({ cid }) => isThere(cid, paths, shelf))) continue
    await using file = await files.receive({ root, ...listed })
    for (const leaf of file.missing) {
      const cid = listed.leaves[leaf]?.cid
      const block = cid === undefined ? undefined : await get(cid).catch(() => undefined)
      if (block !== undefined) await file.write(leaf, block)
    }
    // One of its leaves is damaged: its blocks stay what they are.
    if (file.missing.length > 0) continue
    await file.finish()
    count++
    for (const { cid } of listed.leaves) await take(keyOfBlock(cid), paths)
  }
  return count
}

const isThere = (cid: CID, paths: Paths, shelf: FileShelf): boolean =>
  paths.has(keyOfBlock(cid)) || shelf.places(cid).some(({ file }) => file.isWhole)

async function take(key: string, paths: Paths): Promise<void> {
  const path = paths.get(key)
  if (path === undefined) return
  await unlink(path)
  paths.delete(key)
}

async function listRoots(paths: Paths): Promise<readonly { readonly root: CID; readonly bytes: number }[]> {
  const roots: { root: CID; bytes: number }[] = []
  for (const [key, path] of paths) {
    if ((await stat(path)).size > MAX_NODE_BYTES) continue
    try {
      roots.push({ root: cidOf(Buffer.from(key, 'latin1'), 1), bytes: readRootBytes(await readFile(path)) })
    } catch {
      // No node of a file.
    }
  }
  return roots.toSorted((a, b) => b.bytes - a.bytes)
}

async function moveRest(
  paths: Paths,
  { shelf, loose }: { readonly shelf: FileShelf; readonly loose: LooseBlocks },
): Promise<void> {
  const keys = [...paths.keys()]
  for (let i = 0; i < keys.length; i += TOGETHER) {
    const some = keys.slice(i, i + TOGETHER)
    await Promise.all(
      some.map(async (key) => {
        const cid = cidOf(Buffer.from(key, 'latin1'), 0)
        const isInFile = shelf.hasNode(cid) || shelf.places(cid).some(({ file }) => file.isWhole)
        const path = paths.get(key)
        // Damaged bytes go along: it is told and mended when they are read.
        if (path !== undefined && !isInFile) await loose.write(cid, await readFile(path))
      }),
    )
    for (const key of some) await take(key, paths)
  }
}
