import { randomBytes } from 'node:crypto'
import { access, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NextToLast } from 'blockstore-fs/sharding'
import type { CID } from 'multiformats/cid'
import { diskRefusal, systemCode } from './disk-refusal.ts'

/** Bytes by CID, unverified: the store above compares them with their name. */
export interface BlockFiles {
  has(cid: CID): Promise<boolean>
  /** Undefined when it is not here. */
  read(cid: CID): Promise<Uint8Array | undefined>
  /** On disk, name included, when it resolves. */
  write(cid: CID, block: Uint8Array): Promise<void>
  delete(cid: CID): Promise<void>
}

const ASIDE = '.unfinished'

/**
 * One file for each block, in the layout of blockstore-fs, so that its tools read this directory. Its own `put` is not
 * used: it does not sync, and two writers of one block share a temporary name.
 */
export async function openBlockFiles(directory: string): Promise<BlockFiles> {
  const layout = new NextToLast()
  const aside = join(directory, ASIDE)
  const shards = new Set<string>()
  const pathOf = (cid: CID): string => {
    const { dir, file } = layout.encode(cid)
    return join(directory, dir, file)
  }
  try {
    // What a crash left half written. Nobody else writes here: the data directory is locked.
    await rm(aside, { recursive: true, force: true })
    await mkdir(aside, { recursive: true })
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== ASIDE) shards.add(join(directory, entry.name))
    }
  } catch (error) {
    throw diskRefusal(error, 'open the blocks', directory)
  }

  const makeShard = async (shard: string): Promise<void> => {
    if (shards.has(shard)) return
    await mkdir(shard, { recursive: true })
    await sync(directory)
    shards.add(shard)
  }

  return {
    async has(cid) {
      return access(pathOf(cid)).then(
        () => true,
        () => false,
      )
    },
    async read(cid) {
      try {
        const { buffer, byteOffset, byteLength } = await readFile(pathOf(cid))
        return new Uint8Array(buffer, byteOffset, byteLength)
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined
        throw diskRefusal(error, 'read a block', directory)
      }
    },
    async write(cid, block) {
      const path = pathOf(cid)
      const unfinished = join(aside, randomBytes(9).toString('hex'))
      try {
        const file = await open(unfinished, 'wx')
        try {
          await file.writeFile(block)
          await file.datasync()
        } finally {
          await file.close()
        }
        await makeShard(dirname(path))
        await rename(unfinished, path)
        await sync(dirname(path))
      } catch (error) {
        await unlink(unfinished).catch(() => {})
        throw diskRefusal(error, 'write a block', directory)
      }
    },
    async delete(cid) {
      try {
        await unlink(pathOf(cid))
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw diskRefusal(error, 'delete a block', directory)
      }
    },
  }
}

/** The same in memory. */
export function memoryBlockFiles(): BlockFiles {
  const blocks = new Map<string, Uint8Array>()
  const key = (cid: CID): string => Buffer.from(cid.multihash.bytes).toString('base64')
  return {
    has: async (cid) => blocks.has(key(cid)),
    read: async (cid) => blocks.get(key(cid)),
    write: async (cid, block) => void blocks.set(key(cid), block.slice()),
    delete: async (cid) => void blocks.delete(key(cid)),
  }
}

async function sync(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
