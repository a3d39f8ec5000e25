import { createFileShelf } from '../../../../../src/adapters/blocks/file-shelf.ts'
import { createLocalBlocks } from '../../../../../src/adapters/blocks/local-blocks.ts'
import type { LooseBlocks } from '../../../../../src/adapters/blocks/loose-blocks.ts'
import { createOpenFiles } from '../../../../../src/adapters/blocks/open-files.ts'
import type { SweptFiles } from '../../../../../src/adapters/blocks/sweep.ts'

/** A store without files of weights. */
export const looseBlocks = (loose: LooseBlocks) =>
  createLocalBlocks({
    ...{ directory: '', loose, shelf: createFileShelf(), files: createOpenFiles() },
    weights: { takeLeaf: async () => false },
  })

export const NO_FILES: SweptFiles = {
  has: () => false,
  copyOut: async () => {},
  remove: async () => ({ blocks: 0, bytes: 0 }),
}
