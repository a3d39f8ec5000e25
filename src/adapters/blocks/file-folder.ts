import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CID } from 'multiformats/cid'
import { rawCid } from '../../checkpoint/cid.ts'
import { DIGEST_BYTES, type DigestTree, leafCount, rootOf, treeOfDigests } from '../../checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../checkpoint/file-tree.ts'
import { systemCode } from '../../ports/disk-refusal.ts'
import { makeDirectory, syncDirectory } from '../files/atomic.ts'
import { decodeIndex, encodeIndex, type LeafIndex, type LinkedFile } from './leaf-index.ts'

const SUFFIX = '.safetensors'
const INDEX_SUFFIX = '.index'

/** Found when the store was opened. */
export interface FoundFile {
  readonly root: CID
  readonly path: string
  readonly tree: DigestTree
  readonly link: LinkedFile | null
}

/**
 * Files on the disk: each under its root's CID, its index beside it; what is on its way here, to be gone on with; and what
 * is being made, which does not outlive the process. All errors are the system's.
 */
export interface FileFolder {
  /** Everything that is whole, by its index; deletes what a crash left half made. */
  scan(): Promise<readonly FoundFile[]>
  pathOf(root: CID): string
  /** Where it lies while it is brought here. */
  incomingPath(root: CID): string
  /** A name that nothing has, in the folder of what is being made. */
  makingPath(): Promise<string>
  /** A file that lies aside becomes one of the store: its bytes and index first, then its name. */
  settle(aside: string, tree: DigestTree): Promise<string>
  /** The same in two steps: a name of which nothing is durable, and no index; then those. */
  giveName(aside: string, root: CID): Promise<string>
  settleNamed(tree: DigestTree): Promise<void>
  /** What lies at `link.path` becomes one, where it is. */
  settleLink(root: CID, index: LeafIndex): Promise<void>
  /** All at once for whoever opens the store, whatever happens in between. */
  remove(root: CID, isLinked: boolean): Promise<void>
  removeIncoming(root: CID): Promise<void>
  /** Before anything is written into it. */
  prepare(): Promise<void>
}

/** @param options.onlyReads changes nothing: its owner may be at work */
export function fileFolder(directory: string, { onlyReads = false } = {}): FileFolder {
  const incoming = join(directory, 'incoming')
  const making = join(directory, 'making')
  const pathOf = (root: CID) => join(directory, `${root}${SUFFIX}`)
  const indexOf = (root: CID) => join(directory, `${root}${INDEX_SUFFIX}`)
  const incomingPath = (root: CID) => join(incoming, String(root))
  let isMade = false

  async function make(): Promise<void> {
    if (isMade) return
    await makeDirectory(incoming)
    await makeDirectory(making)
    isMade = true
  }

  async function writeIndex(root: CID, index: LeafIndex): Promise<void> {
    await make()
    const aside = join(making, `${randomBytes(9).toString('hex')}${INDEX_SUFFIX}`)
    const file = await open(aside, 'wx')
    try {
      await file.writeFile(encodeIndex(index))
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(aside, indexOf(root))
  }

  /** Null when the bytes are not those of the name: then they wait to be completed. */
  async function indexAgain(root: CID, bytes: number): Promise<LeafIndex | null> {
    const tree = treeOfDigests(await hashLeaves(pathOf(root), bytes), bytes)
    if (onlyReads) return rootOf(tree).equals(root) ? { tree, link: null } : null
    if (rootOf(tree).equals(root)) {
      await writeIndex(root, { tree, link: null })
      await syncDirectory(directory)
      return { tree, link: null }
    }
    await make()
    await rename(pathOf(root), incomingPath(root))
    return null
  }

  async function findFile(root: CID): Promise<FoundFile | null> {
    const path = pathOf(root)
    const bytes = await sizeOf(path)
    const written = await readFile(indexOf(root)).catch(orUndefined)
    const index = written === undefined ? null : decodeIndex(written, root)
    if (bytes === null) {
      if (index?.link) return { root, path: index.link.path, ...index }
      if (!onlyReads) await rm(indexOf(root), { force: true })
      return null
    }
    const known = index?.link === null && index.tree.bytes === bytes ? index : await indexAgain(root, bytes)
    return known && { root, path, ...known }
  }

  return {
    async scan() {
      if (!onlyReads) await rm(making, { recursive: true, force: true })
      const names = (await readdir(directory).catch(orUndefined)) ?? []
      const roots = new Set(names.flatMap((name) => rootOfName(name) ?? []))
      const found: FoundFile[] = []
      for (const text of roots) {
        const file = await findFile(CID.parse(text))
        if (file !== null) found.push(file)
      }
      return found
    },
    pathOf,
    incomingPath,
    async makingPath() {
      await make()
      return join(making, `${randomBytes(9).toString('hex')}${SUFFIX}`)
    },
    async settle(aside, tree) {
      const root = rootOf(tree)
      await syncBytes(aside)
      await writeIndex(root, { tree, link: null })
      await rename(aside, pathOf(root))
      await syncDirectory(directory)
      return pathOf(root)
    },
    async giveName(aside, root) {
      await rename(aside, pathOf(root))
      return pathOf(root)
    },
    async settleNamed(tree) {
      const root = rootOf(tree)
      await syncBytes(pathOf(root))
      await syncDirectory(directory)
      await writeIndex(root, { tree, link: null })
      await syncDirectory(directory)
    },
    async settleLink(root, index) {
      await writeIndex(root, index)
      await syncDirectory(directory)
    },
    async remove(root, isLinked) {
      await make()
      // Without its index a file that is here would be read again to make one.
      if (!isLinked) await rename(pathOf(root), join(making, basename(pathOf(root)))).catch(orUndefined)
      await unlink(indexOf(root)).catch(orUndefined)
      await syncDirectory(directory)
      await rm(join(making, basename(pathOf(root))), { force: true })
    },
    async removeIncoming(root) {
      await unlink(incomingPath(root)).catch(orUndefined)
    },
    prepare: make,
  }
}

async function syncBytes(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** What is not there is no error. */
function orUndefined(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(orUndefined))?.size ?? null
}

function rootOfName(name: string): string | null {
  const suffix = [SUFFIX, INDEX_SUFFIX].find((end) => name.endsWith(end))
  if (suffix === undefined) return null
  const text = name.slice(0, -suffix.length)
  try {
    return String(CID.parse(text)) === text ? text : null
  } catch {
    return null
  }
}

/** SHA-256 of each leaf, one after the other. */
async function hashLeaves(path: string, bytes: number): Promise<Uint8Array> {
  const digests = new Uint8Array(leafCount(bytes) * DIGEST_BYTES)
  const buffer = new Uint8Array(LEAF_BYTES)
  const file = await open(path, 'r')
  try {
    for (let leaf = 0; leaf < leafCount(bytes); leaf++) {
      const length = Math.min(LEAF_BYTES, bytes - leaf * LEAF_BYTES)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(buffer, done, length - done, leaf * LEAF_BYTES + done)
        if (bytesRead === 0) throw new Error(`${path} became shorter`)
        done += bytesRead
      }
      digests.set(rawCid(buffer.subarray(0, length)).multihash.digest, leaf * DIGEST_BYTES)
    }
  } finally {
    await file.close()
  }
  return digests
}
