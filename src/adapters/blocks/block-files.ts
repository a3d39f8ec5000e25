import { randomBytes } from 'node:crypto'
import { access, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NextToLast } from 'blockstore-fs/sharding'
import type { CID } from 'multiformats/cid'
import { diskRefusal, systemCode } from '../../ports/disk-refusal.ts'
import type { Usage } from '../../ports/retention.ts'
import { DEFAULT_COUNT_CONCURRENCY } from './limits.ts'
import { syncDirectory } from './sync-directory.ts'

/** Bytes by CID, unverified: the store above compares them with their name. */
export interface BlockFiles {
  has(cid: CID): Promise<boolean>
  /** Undefined when it is not here. */
  read(cid: CID): Promise<Uint8Array | undefined>
  /** On disk, name included, when it resolves. */
  write(cid: CID, block: Uint8Array): Promise<void>
  /** Resolves with the bytes that became free; null when it is not here. */
  delete(cid: CID): Promise<number | null>
  /** Makes deletions durable: without it a power cut may bring blocks back. */
  flush(): Promise<void>
  /** Looks at every file, once, while nobody writes. */
  count(): Promise<void>
  /** Since `count`. */
  readonly usage: Usage
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
  const unsynced = new Set<string>()
  const writing = new Map<string, Promise<void>>()
  const usage = { blocks: 0, bytes: 0 }
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
    await syncDirectory(directory)
    shards.add(shard)
  }

  async function writeFile(path: string, block: Uint8Array): Promise<void> {
    const unfinished = join(aside, randomBytes(9).toString('hex'))
    try {
      const before = await sizeOf(path)
      const file = await open(unfinished, 'wx')
      try {
        await file.writeFile(block)
        await file.datasync()
      } finally {
        await file.close()
      }
      await makeShard(dirname(path))
      await rename(unfinished, path)
      if (before === null) usage.blocks++
      usage.bytes += block.byteLength - (before ?? 0)
      await syncDirectory(dirname(path))
    } catch (error) {
      await unlink(unfinished).catch(() => {})
      throw diskRefusal(error, 'write a block', directory)
    }
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
      const others = writing.get(path)
      // A block is its name: who else writes it writes the same.
      if (others !== undefined) return await others
      const written = writeFile(path, block).finally(() => writing.delete(path))
      writing.set(path, written)
      await written
    },
    async delete(cid) {
      const path = pathOf(cid)
      try {
        const bytes = await sizeOf(path)
        if (bytes === null) return null
        await unlink(path)
        unsynced.add(dirname(path))
        usage.blocks--
        usage.bytes -= bytes
        return bytes
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return null
        throw diskRefusal(error, 'delete a block', directory)
      }
    },
    async flush() {
      try {
        for (const shard of unsynced) {
          await syncDirectory(shard)
          unsynced.delete(shard)
        }
      } catch (error) {
        throw diskRefusal(error, 'delete a block', directory)
      }
    },
    async count() {
      Object.assign(usage, { blocks: 0, bytes: 0 })
      try {
        for (const shard of shards) {
          const names = await readdir(shard)
          for (let i = 0; i < names.length; i += DEFAULT_COUNT_CONCURRENCY) {
            const some = names.slice(i, i + DEFAULT_COUNT_CONCURRENCY)
            const sizes = await Promise.all(some.map((name) => sizeOf(join(shard, name))))
            usage.blocks += sizes.length
            usage.bytes += sizes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0)
          }
        }
      } catch (error) {
        throw diskRefusal(error, 'count the blocks', directory)
      }
    },
    usage,
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  }
}

/** The same in memory. */
export function memoryBlockFiles(): BlockFiles {
  const blocks = new Map<string, Uint8Array>()
  const key = (cid: CID): string => Buffer.from(cid.multihash.bytes).toString('base64')
  return {
    has: async (cid) => blocks.has(key(cid)),
    read: async (cid) => blocks.get(key(cid)),
    write: async (cid, block) => void blocks.set(key(cid), Uint8Array.from(block)),
    delete: async (cid) => {
      const bytes = blocks.get(key(cid))?.byteLength ?? null
      blocks.delete(key(cid))
      return bytes
    },
    flush: async () => {},
    count: async () => {},
    get usage() {
      return { blocks: blocks.size, bytes: blocks.values().reduce((sum, { byteLength }) => sum + byteLength, 0) }
    },
  }
}
