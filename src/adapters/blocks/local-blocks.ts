import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { requireAcceptableCid } from '../../checkpoint/acceptable-cid.ts'
import { DEFAULT_MAX_BLOCK_BYTES } from '../../checkpoint/block-limits.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { BlockFiles } from './block-files.ts'

export function createLocalBlocks(files: BlockFiles): LocalBlocks {
  const local: LocalBlocks = {
    has: files.has,
    async get(cid) {
      const block = await files.read(cid)
      if (block === undefined) {
        throw new ColdmeshError('block-missing', 'A block is not here.', { facts: { cid: cid.toString() } })
      }
      if (!matches(cid, block)) {
        throw new ColdmeshError('block-corrupt', 'A stored block does not match its CID any more.', {
          facts: { cid: cid.toString(), bytes: block.byteLength },
          hint: 'Check the disk. The block will be fetched again from another peer.',
        })
      }
      return block
    },
    async put(cid, block) {
      requireAcceptableCid(cid)
      if (block.byteLength > DEFAULT_MAX_BLOCK_BYTES) throw tooLarge(cid, block.byteLength)
      // A rotten one is replaced: whoever brings the right bytes mends it.
      if ((await local.take(cid)) === undefined) await files.write(cid, block)
    },
    async delete(cid) {
      await files.delete(cid)
    },
    async take(cid) {
      const block = await files.read(cid)
      if (block === undefined || matches(cid, block)) return block
      await files.delete(cid)
      return undefined
    },
  }
  return local
}

function matches(cid: CID, block: Uint8Array): boolean {
  return hash('sha256', block, 'buffer').equals(cid.multihash.digest)
}

function tooLarge(cid: CID, bytes: number): ColdmeshError {
  return new ColdmeshError('too-large', `A block has more than ${DEFAULT_MAX_BLOCK_BYTES} bytes.`, {
    facts: { cid: cid.toString(), bytes },
  })
}
