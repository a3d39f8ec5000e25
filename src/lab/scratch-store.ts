import { memoryContentStore } from '../adapters/memory/content-store.ts'
import type { ContentStore } from '../ports/content-store.ts'

/** Blocks that are needed for a round only, in memory before the store that keeps the rest. */
export interface ScratchStore {
  /** Reads both, writes to the one that keeps. */
  readonly store: ContentStore
  /** Where checkpoints go. */
  readonly checkpoints: Pick<ContentStore, 'put'>
  /** Forgets what was needed for the round. */
  clear(): void
}

/** @param isKept checkpoints are kept too */
export function createScratchStore(kept: ContentStore, isKept: boolean): ScratchStore {
  let scratch = memoryContentStore()
  return {
    store: {
      has: async (cid) => (await scratch.has(cid)) || (await kept.has(cid)),
      get: async (cid) => ((await scratch.has(cid)) ? scratch.get(cid) : kept.get(cid)),
      put: (cid, block) => kept.put(cid, block),
      delete: (cid) => kept.delete(cid),
      fetch: (root, options) => kept.fetch(root, options),
    },
    checkpoints: { put: (cid, block) => (isKept ? kept : scratch).put(cid, block) },
    clear: () => {
      scratch = memoryContentStore()
    },
  }
}
