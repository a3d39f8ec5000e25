import { hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { DEFAULT_SYNC_BYTES } from '../../adapters/blocks/limits.ts'
import { writeAll } from '../../adapters/blocks/stored-file.ts'
import { DIGEST_BYTES, leafCount } from '../../checkpoint/digest-tree.ts'
import { importFile, LEAF_BYTES } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { diskRefusal } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'

/** Where weights go: files, or blocks in a store that has none. */
export interface WeightsPlace {
  readonly files: WeightFiles | null
  readonly store: Pick<ContentStore, 'put'>
}

/**
 * Writes a file of weights in one pass: hashed leaf by leaf while the leaf before is being written. Durable when it resolves.
 * @param bytes its length
 * @param source its bytes in chunks of any size; a chunk may be overwritten once the next is asked for
 * @throws ColdmeshError `refused`, and what `source` throws
 */
export async function writeWeights(
  { files, store }: WeightsPlace,
  bytes: number,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<CID> {
  if (files === null) return (await importFile(source, (cid, block) => store.put(cid, block))).cid
  await using making = await files.make(bytes)
  await using handle = await open(making.path, 'r+')
  return await making.finish(await writeLeaves(handle, bytes, source))
}

/** @returns the digest of each leaf */
async function writeLeaves(
  handle: FileHandle,
  bytes: number,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array> {
  const digests = new Uint8Array(leafCount(bytes) * DIGEST_BYTES)
  const buffers = [new Uint8Array(LEAF_BYTES), new Uint8Array(LEAF_BYTES)]
  let writing: Promise<void> = Promise.resolve()
  let syncing: Promise<void> = Promise.resolve()
  let leaf = 0
  let held = 0

  /** One leaf is on its way while the next is filled and hashed. */
  async function flush(): Promise<void> {
    const block = (buffers[leaf % 2] ?? new Uint8Array()).subarray(0, held)
    const at = leaf * LEAF_BYTES
    if (leaf * DIGEST_BYTES < digests.length) digests.set(hash('sha256', block, 'buffer'), leaf * DIGEST_BYTES)
    await writing
    writing = write(handle, block, at)
    writing.catch(() => {})
    if ((at + held) % DEFAULT_SYNC_BYTES === 0) {
      await syncing
      syncing = writing.then(() => handle.datasync())
      syncing.catch(() => {})
    }
    leaf++
    held = 0
  }

  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; ) {
        const taken = Math.min(chunk.length - at, LEAF_BYTES - held)
        buffers[leaf % 2]?.set(chunk.subarray(at, at + taken), held)
        at += taken
        held += taken
        if (held === LEAF_BYTES) await flush()
      }
    }
    const length = leaf * LEAF_BYTES + held
    if (length !== bytes)
      throw new ColdmeshError('bad-checkpoint', `The weights have ${length} bytes; their header needs ${bytes}.`)
    if (held > 0 || leaf === 0) await flush()
    await writing
    await syncing
  } finally {
    // Whatever went wrong, nothing may write to the file once it is closed.
    await Promise.allSettled([writing, syncing])
  }
  return digests
}

async function write(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  try {
    await writeAll(handle, bytes, at)
  } catch (error) {
    throw diskRefusal(error, 'write a file of weights', 'the data directory')
  }
}
