import type { CID } from 'multiformats/cid'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Retention } from '../../ports/retention.ts'
import { memoryBlockFiles, openBlockFiles } from './block-files.ts'
import { createInUse, guardBlocks } from './in-use.ts'
import { createLocalBlocks } from './local-blocks.ts'
import { createServed } from './served.ts'
import { sweepBlocks } from './sweep.ts'

export interface BlockStore {
  readonly local: LocalBlocks
  readonly retention: Retention
  /** Somebody else was given this block: what is below it stays for a while. */
  noteServed(cid: CID, block: Uint8Array): void
  /** Counts the blocks, once, while nobody writes: `retention.usage` is right from then on. */
  count(): Promise<void>
}

/** @param dir where blocks are kept; null keeps them in memory @throws ColdmeshError `refused` */
export async function openBlockStore(dir: string | null): Promise<BlockStore> {
  const files = dir === null ? memoryBlockFiles() : await openBlockFiles(dir)
  const unguarded = createLocalBlocks(files)
  const inUse = createInUse()
  const served = createServed()
  const sweeping = {
    ...{ local: unguarded, remove: files.delete, flush: files.flush },
    ...{ inUse, served: () => served.nodes },
  }
  return {
    local: guardBlocks(unguarded, inUse),
    retention: {
      ...{ pin: inUse.pin, pinStored: inUse.pinStored, hold: inUse.hold },
      sweep: (options) => sweepBlocks(sweeping, options),
      get usage() {
        return { blocks: files.usage.blocks, bytes: files.usage.bytes }
      },
    },
    noteServed: served.note,
    count: files.count,
  }
}
