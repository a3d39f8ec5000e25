import { hash } from 'node:crypto'
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../../protocols/wire/bytes.ts'
import { type DigestTree, digestAt, leafBytes, leafCount } from '../../checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../checkpoint/file-tree.ts'
import { systemCode } from '../../ports/disk-refusal.ts'
import type { LinkedFile } from './leaf-index.ts'
import { DEFAULT_TRUSTED_MS } from './limits.ts'
import type { OpenFiles } from './open-files.ts'

/** A file whose leaves are blocks of the store: 37 bytes of memory for each. */
export interface StoredFile {
  readonly number: number
  readonly root: CID
  readonly tree: DigestTree
  readonly path: string
  /** What somebody else's file was like: it is never written to, never deleted. Null for those of the store. */
  readonly link: LinkedFile | null
  /** Under its own name, and served as a whole; false while it is brought here. */
  isWhole: boolean
  /** A crash leaves it. */
  isDurable: boolean
  /** 1 for each leaf that is here. */
  readonly here: Uint8Array
  /** When each leaf was last compared with its digest, in seconds of this process; 0 for never. */
  readonly compared: Uint32Array
  /** What the file system said then. */
  changed: number
}

export function storedFile(
  facts: Pick<StoredFile, 'number' | 'root' | 'tree' | 'path' | 'link' | 'isWhole'>,
): StoredFile {
  const count = leafCount(facts.tree.bytes)
  const here = new Uint8Array(count).fill(facts.isWhole ? 1 : 0)
  return { ...facts, isDurable: facts.isWhole, here, compared: new Uint32Array(count), changed: 0 }
}

/** Every leaf is here, as far as is known. */
export function isWhole({ isWhole, here }: StoredFile): boolean {
  return isWhole && !here.includes(0)
}

export function digestOf({ tree }: StoredFile, leaf: number): Uint8Array {
  return digestAt(tree.levels[0] ?? new Uint8Array(), leaf)
}

/**
 * A leaf into a buffer: a view of it, or null when the bytes on the disk are not those of its digest. Hashed unless that was done a short while ago
 * and the file was not written to since.
 */
export async function readLeaf(
  file: StoredFile,
  leaf: number,
  from: { readonly files: OpenFiles; readonly into?: Uint8Array | undefined },
): Promise<Uint8Array | null> {
  const length = leafBytes(file.tree, leaf)
  const { into = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer) } = from
  const block = into.subarray(0, length)
  const read = await from.files.read(file.path, block, leaf * LEAF_BYTES).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error
    return -1
  })
  if (read < length) return null
  const now = Math.ceil(performance.now() / 1000)
  if (now - (file.compared[leaf] ?? 0) < DEFAULT_TRUSTED_MS / 1000 && file.compared[leaf] !== 0 && !wasWritten(file))
    return block
  if (!equalBytes(hash('sha256', block, 'buffer'), digestOf(file, leaf))) return null
  file.compared[leaf] = now
  return block
}

/** Hashes every leaf, however lately that was done; those that are rotten are not here any more. @returns how many were */
export async function findRot(file: StoredFile, files: OpenFiles): Promise<number> {
  const into = new Uint8Array(LEAF_BYTES)
  let rotten = 0
  file.compared.fill(0)
  for (const leaf of file.here.keys()) {
    if (file.here[leaf] === 0 || (await readLeaf(file, leaf, { files, into })) !== null) continue
    file.here[leaf] = 0
    rotten++
  }
  return rotten
}

/** Whoever wrote to the file: nothing that was compared before counts any more. */
function wasWritten(file: StoredFile): boolean {
  const { ctimeMs } = statSync(file.path)
  if (ctimeMs === file.changed) return false
  file.changed = ctimeMs
  file.compared.fill(0)
  return true
}

/** Puts right bytes back at their place, wherever the leaf is in the file; durable when it resolves. System errors pass through. */
export async function mendLeaf(file: StoredFile, digest: Uint8Array, block: Uint8Array): Promise<void> {
  const handle = await open(file.path, 'r+')
  try {
    for (let leaf = 0; leaf < file.here.length; leaf++) {
      if (!equalBytes(digestOf(file, leaf), digest)) continue
      await writeAll(handle, block, leaf * LEAF_BYTES)
      file.here[leaf] = 1
    }
    if (file.isWhole) await handle.datasync()
  } finally {
    await handle.close()
  }
}

export async function writeAll(
  handle: Pick<Awaited<ReturnType<typeof open>>, 'write'>,
  bytes: Uint8Array,
  at: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}
