import type { CID } from 'multiformats/cid'
import type { Usage } from '../../ports/retention.ts'
import { keyOfBlock } from './in-use.ts'

/** Blocks that are in no file, by CID and unverified: the store above compares them with their name. */
export interface LooseBlocks {
  has(cid: CID): Promise<boolean>
  /** Undefined when it is not here. */
  read(cid: CID): Promise<Uint8Array | undefined>
  /** On disk, name included, when it resolves. */
  write(cid: CID, block: Uint8Array): Promise<void>
  /** Resolves with the bytes that became free; null when it is not here. */
  delete(cid: CID): Promise<number | null>
  /** Makes deletions durable, and gives their space back: without it a power cut may bring blocks back. */
  flush(): Promise<void>
  readonly usage: Usage
  /** Of the files that they lie in. */
  readonly diskBytes: number
  close(): void
}

/** In memory. */
export function memoryBlocks(): LooseBlocks {
  const blocks = new Map<string, Uint8Array>()
  const bytes = (): number => blocks.values().reduce((sum, { byteLength }) => sum + byteLength, 0)
  return {
    has: async (cid) => blocks.has(keyOfBlock(cid)),
    read: async (cid) => blocks.get(keyOfBlock(cid)),
    write: async (cid, block) => void blocks.set(keyOfBlock(cid), Uint8Array.from(block)),
    delete: async (cid) => {
      const freed = blocks.get(keyOfBlock(cid))?.byteLength ?? null
      blocks.delete(keyOfBlock(cid))
      return freed
    },
    flush: async () => {},
    get usage() {
      return { blocks: blocks.size, bytes: bytes() }
    },
    get diskBytes() {
      return bytes()
    },
    close: () => {},
  }
}
