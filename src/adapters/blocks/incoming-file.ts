import { hash } from 'node:crypto'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../../protocols/wire/bytes.ts'
import { leafBytes } from '../../checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../checkpoint/file-tree.ts'
import type { IncomingFile, ReceiveOptions } from '../../ports/weight-files.ts'
import { DEFAULT_SYNC_BYTES } from './limits.ts'
import { digestOf, type StoredFile, writeAll } from './stored-file.ts'

/** A file that is being brought here, for all that bring it. */
export interface Incoming {
  /** One more that works on it; when the last is gone, it closes. */
  join(options: ReceiveOptions): IncomingFile
  /** Puts a leaf wherever it belongs; false when it is no leaf of this file, or here already. */
  take(cid: CID, block: Uint8Array): Promise<boolean>
}

export interface IncomingOptions {
  readonly file: StoredFile
  /** A leaf from elsewhere in the store, compared with its digest; null when nothing here has it. */
  readonly copyOf: (file: StoredFile, leaf: number, into: Uint8Array) => Promise<Uint8Array | null>
  /** Makes it a file of the store; called when every leaf is here. */
  readonly settle: (options: ReceiveOptions) => Promise<void>
  /** Nobody works on it any more. */
  readonly onClosed: () => void
  readonly refusal: (error: unknown) => Error
}

/** Opens what is here of a file, finds out which leaves it has, and takes what the store has already. */
export async function openIncoming(options: IncomingOptions): Promise<Incoming> {
  const { file, settle, onClosed, refusal } = options
  const handle = await openPart(file).catch((error: unknown) => {
    throw refusal(error)
  })
  const disk = syncingWhile(handle)
  let users = 0
  let settling: Promise<void> | undefined
  try {
    await findLeaves(handle, options)
  } catch (error) {
    await handle.close()
    throw refusal(error)
  }

  async function write(leaf: number, block: Uint8Array): Promise<void> {
    if (block.length !== leafBytes(file.tree, leaf)) throw new Error('a leaf has another length')
    try {
      await writeAll(handle, block, leaf * LEAF_BYTES)
      disk.wrote(block.length)
    } catch (error) {
      throw refusal(error)
    }
    file.here[leaf] = 1
  }

  async function finish(how: ReceiveOptions): Promise<void> {
    if (file.here.includes(0)) throw new Error('leaves are missing')
    try {
      await disk.settled()
      settling ??= settle(how)
      await settling
    } catch (error) {
      settling = undefined
      throw refusal(error)
    }
  }

  /** The disk failed to keep some of it, nobody knows which, and reading it would not tell: it comes again. */
  async function drop(): Promise<void> {
    file.here.fill(0)
    await handle.truncate(0)
  }

  return {
    join(how) {
      let isOver = false
      users++
      if (how.durable !== 'soon') disk.hurry()
      return {
        get missing() {
          return [...file.here.keys()].filter((leaf) => file.here[leaf] === 0)
        },
        write,
        finish: () => finish(how),
        async [Symbol.asyncDispose]() {
          if (isOver) return
          isOver = true
          users--
          if (users > 0) return
          onClosed()
          try {
            await disk.settled().catch(drop)
          } finally {
            await handle.close()
          }
        },
      }
    },
    async take(cid, block) {
      let isTaken = false
      for (const leaf of file.here.keys()) {
        if (users === 0 || file.here[leaf] === 1) continue
        if (!equalBytes(digestOf(file, leaf), cid.multihash.digest)) continue
        // Its nodes lie about it: whoever walks them says so.
        if (block.length !== leafBytes(file.tree, leaf)) continue
        await write(leaf, block)
        isTaken = true
      }
      return isTaken
    },
  }
}

/** Once somebody waits for it to be durable, a file goes to the disk while it comes: at its end there is little left to do. */
function syncingWhile(handle: FileHandle) {
  let unsynced = 0
  let isHurried = false
  let syncing: Promise<void> | null = null
  let failure: unknown

  return {
    hurry() {
      isHurried = true
    },
    /** @throws what a sync met: no later one tells of it again */
    wrote(bytes: number) {
      if (failure !== undefined) throw failure
      unsynced += bytes
      if (!isHurried || syncing !== null || unsynced < DEFAULT_SYNC_BYTES) return
      unsynced = 0
      syncing = handle
        .datasync()
        .catch((error: unknown) => {
          failure = error
        })
        .finally(() => {
          syncing = null
        })
    },
    async settled() {
      await syncing
      if (failure !== undefined) throw failure
    },
  }
}

/** Of its full length from the beginning, so that every leaf has its place. */
async function openPart({ path, tree }: StoredFile): Promise<FileHandle> {
  const handle = await open(path, 'r+').catch(() => open(path, 'wx+'))
  try {
    if ((await handle.stat()).size !== tree.bytes) await handle.truncate(tree.bytes)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Which leaves are whole, by their bytes alone: nothing that was noted about them is trusted. Then those that the store has elsewhere. */
async function findLeaves(handle: FileHandle, { file, copyOf }: IncomingOptions): Promise<void> {
  const buffer = new Uint8Array(LEAF_BYTES)
  const isEmpty = (await stat(file.path)).blocks === 0 && file.tree.bytes > 0
  for (const leaf of file.here.keys()) {
    if (file.here[leaf] === 1) continue
    const block = buffer.subarray(0, leafBytes(file.tree, leaf))
    const isHere = !isEmpty && (await hasLeaf(handle, { file, leaf, block }))
    const copy = isHere ? null : await copyOf(file, leaf, buffer)
    const isCopied = copy !== null && copy.length === block.length
    if (isCopied) await writeAll(handle, copy, leaf * LEAF_BYTES)
    if (isHere || isCopied) file.here[leaf] = 1
  }
}

async function hasLeaf(
  handle: FileHandle,
  { file, leaf, block }: { readonly file: StoredFile; readonly leaf: number; readonly block: Uint8Array },
): Promise<boolean> {
  for (let done = 0; done < block.length; ) {
    const { bytesRead } = await handle.read(block, done, block.length - done, leaf * LEAF_BYTES + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return equalBytes(hash('sha256', block, 'buffer'), digestOf(file, leaf))
}
