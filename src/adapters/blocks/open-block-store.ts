import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { diskRefusal } from '../../ports/disk-refusal.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Retention } from '../../ports/retention.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import { diskRoom } from './disk-room.ts'
import { createDurableLater } from './durable-later.ts'
import { type FileFolder, fileFolder } from './file-folder.ts'
import { createFileShelf, type FileShelf } from './file-shelf.ts'
import { createInUse, guardBlocks } from './in-use.ts'
import { isUnchanged } from './linked-file.ts'
import { createLocalBlocks } from './local-blocks.ts'
import { type LooseBlocks, memoryBlocks } from './loose-blocks.ts'
import { type Converted, convertOldLayout } from './old-layout.ts'
import { createOpenFiles } from './open-files.ts'
import { openPackedBlocks } from './packed-blocks.ts'
import { createServed } from './served.ts'
import type { ChangedLink } from './shelving.ts'
import { type SweptFiles, sweepBlocks } from './sweep.ts'
import { createWeightFiles, type OwnedFiles } from './weight-files.ts'

export interface BlockStore extends AsyncDisposable {
  readonly local: LocalBlocks
  readonly files: WeightFiles
  readonly retention: Retention
  /** Somebody else was given this block: what is below it stays for a while. */
  noteServed(cid: CID, block: Uint8Array): void
  /** Once, before it is served: `retention.usage` is right from then on. */
  count(): Promise<void>
  /** Looks at somebody else's files that are kept where they are: those that are not what they were any more. */
  changedLinks(): Promise<readonly ChangedLink[]>
  /** What was taken over when it was opened, from the layout of one file a block; null when there was nothing. */
  readonly converted: Converted | null
}

export interface BlockStoreOptions {
  /** What blocks may take of the disk; undefined for as much as there is. */
  readonly diskBudget?: number | undefined
  /** Changes nothing, so that its owner may be at work: whoever does not hold the lock of the data directory. */
  readonly onlyReads?: boolean
}

/** @param dir where blocks are kept; null keeps them in memory, and files in a temporary folder @throws ColdmeshError `refused` */
export async function openBlockStore(
  dir: string | null,
  { diskBudget, onlyReads = false }: BlockStoreOptions = {},
): Promise<BlockStore> {
  const directory = dir ?? join(tmpdir(), `coldmesh-blocks-${randomUUID()}`)
  const loose = dir === null ? memoryBlocks() : await openPackedBlocks(join(dir, 'packed'), { onlyReads })
  const shelf = createFileShelf()
  const folder = fileFolder(join(directory, 'files'), { onlyReads })
  await fillShelf(shelf, folder, directory)
  const files = createOpenFiles()
  const inUse = createInUse()
  const later = createDurableLater()
  const served = createServed()
  const looseBlocks = {
    has: loose.has,
    delete: loose.delete,
    take: async (cid: CID) => ((await unguarded.has(cid)) ? await unguarded.take(cid) : undefined),
  }
  // What is here already is taken over, whatever the budget.
  let room = diskRoom(directory, null)
  const weights: OwnedFiles = createWeightFiles({
    ...{ directory, folder, shelf, files, inUse, later, loose: looseBlocks, onlyReads },
    room: { reserve: (path, bytes) => room.reserve(path, bytes) },
  })
  const unguarded = createLocalBlocks({ directory, loose, shelf, files, weights, onlyReads })
  const converted = dir === null || onlyReads ? null : await takeOver(dir, { shelf, loose, files: weights })
  room = diskRoom(directory, diskBudget ?? null)
  const sweeping = {
    ...{ local: unguarded, remove: loose.delete, flush: loose.flush },
    ...{ inUse, served: () => served.nodes, files: sweptFiles({ shelf, loose, local: unguarded, weights }) },
  }
  return {
    local: guardBlocks(unguarded, inUse),
    files: weights,
    retention: {
      ...{ pin: inUse.pin, pinStored: inUse.pinStored, hold: inUse.hold },
      sweep: (options) => sweepBlocks(sweeping, options),
      get usage() {
        const usage = { ...loose.usage }
        for (const file of shelf.all) {
          if (!file.isWhole) continue
          usage.blocks += file.here.length
          usage.bytes += file.link === null ? file.tree.bytes : 0
        }
        return usage
      },
      get disk() {
        return room.use
      },
    },
    changedLinks: weights.changedLinks,
    noteServed: served.note,
    count: async () => {},
    converted,
    async [Symbol.asyncDispose]() {
      await later[Symbol.asyncDispose]()
      files.close()
      loose.close()
      if (dir === null) await rm(directory, { recursive: true, force: true })
    },
  }
}

async function fillShelf(shelf: FileShelf, folder: FileFolder, directory: string): Promise<void> {
  try {
    for (const { root, path, tree, link } of await folder.scan()) {
      const file = shelf.add({ root, tree, path, link, isWhole: true })
      if (link !== null && !(await isUnchanged({ link, bytes: tree.bytes }))) file.here.fill(0)
    }
  } catch (error) {
    throw diskRefusal(error, 'open the blocks', directory)
  }
}

function sweptFiles(store: {
  readonly shelf: FileShelf
  readonly loose: LooseBlocks
  readonly local: LocalBlocks
  readonly weights: OwnedFiles
}): SweptFiles {
  const { shelf, loose, local, weights } = store
  return {
    has: (root) => shelf.whole(root) !== undefined,
    async copyOut(root, cid) {
      const elsewhere = shelf.places(cid).some(({ file, leaf }) => {
        return file.isWhole && file !== shelf.whole(root) && file.here[leaf] === 1
      })
      if (elsewhere || (await loose.has(cid)) || !(await local.has(cid))) return
      await loose.write(cid, await local.get(cid))
    },
    remove: weights.remove,
  }
}

async function takeOver(directory: string, store: Parameters<typeof convertOldLayout>[1]): Promise<Converted | null> {
  try {
    return await convertOldLayout(directory, store)
  } catch (error) {
    throw diskRefusal(error, 'take over the blocks', directory)
  }
}
