import type { CID } from 'multiformats/cid'
import { rawCid } from '../../../src/checkpoint/cid.ts'
import type { ContentStore } from '../../../src/ports/content-store.ts'
import { ColdmeshError } from '../../../src/ports/errors.ts'

/** Blocks in a map, open to tampering. */
export interface MemoryStore extends ContentStore {
  readonly blocks: Map<string, Uint8Array>
  /** CIDs that `get` was asked for, in order. */
  readonly asked: string[]
}

export function memoryStore(blocks = new Map<string, Uint8Array>()): MemoryStore {
  const asked: string[] = []
  return {
    blocks,
    asked,
    has: async (cid) => blocks.has(String(cid)),
    get: async (cid) => {
      asked.push(String(cid))
      const block = blocks.get(String(cid))
      if (block === undefined) throw new ColdmeshError('block-missing', `Block ${cid} is not here.`)
      // one digest serves both codecs
      if (Buffer.compare(rawCid(block).multihash.bytes, cid.multihash.bytes) === 0) return block
      throw new ColdmeshError('block-corrupt', `Block ${cid} has other bytes.`)
    },
    put: async (cid, block) => {
      blocks.set(String(cid), Uint8Array.from(block))
    },
    delete: async (cid) => {
      blocks.delete(String(cid))
    },
    fetch: async () => {
      throw new Error('a check of the history fetches nothing')
    },
  }
}

/** The same blocks, to be tampered with. */
export function copyStore(store: MemoryStore): MemoryStore {
  return memoryStore(new Map(store.blocks))
}

/** Changes one bit of a stored block. */
export function flipBlock(store: MemoryStore, cid: CID, at = 0): void {
  const block = Uint8Array.from(store.blocks.get(String(cid)) ?? [])
  if (block.length <= at) throw new Error(`no byte ${at} in ${cid}`)
  block[at] = (block[at] ?? 0) ^ 1
  store.blocks.set(String(cid), block)
}
