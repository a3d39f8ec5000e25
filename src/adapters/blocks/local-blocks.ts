import type { CID } from 'multiformats/cid'
import { requireAcceptableCid } from '../../checkpoint/acceptable-cid.ts'
import { DEFAULT_MAX_BLOCK_BYTES } from '../../checkpoint/block-limits.ts'
import { isBlockOf } from '../../checkpoint/is-block-of.ts'
import { diskRefusal } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { FileShelf } from './file-shelf.ts'
import type { LooseBlocks } from './loose-blocks.ts'
import type { OpenFiles } from './open-files.ts'
import { mendLeaf, readLeaf, type StoredFile } from './stored-file.ts'
import type { OwnedFiles } from './weight-files.ts'

export interface LocalBlocksOptions {
  readonly directory: string
  /** Blocks that are in no file. */
  readonly loose: LooseBlocks
  readonly shelf: FileShelf
  readonly files: OpenFiles
  readonly weights: Pick<OwnedFiles, 'takeLeaf'>
  /** What is damaged stays what it is. */
  readonly onlyReads?: boolean
}

interface Looked {
  readonly block: Uint8Array | undefined
  /** Files in which it is not what it should be. */
  readonly rotten: readonly { readonly file: StoredFile; readonly leaf: number }[]
  readonly isLooseRotten: boolean
}

export function createLocalBlocks(options: LocalBlocksOptions): LocalBlocks {
  const { directory, loose, shelf, files, weights } = options

  /** @param within.isDurable not in files that are still being brought here */
  async function look(
    cid: CID,
    within: { readonly into?: Uint8Array | undefined; readonly isDurable?: boolean },
  ): Promise<Looked> {
    const node = shelf.node(cid)
    if (node !== undefined) return { block: node, rotten: [], isLooseRotten: false }
    const rotten: { file: StoredFile; leaf: number }[] = []
    for (const place of shelf.places(cid)) {
      const { file, leaf } = place
      if (file.here[leaf] === 0 || (within.isDurable === true && !file.isDurable)) continue
      const block = await readLeaf(file, leaf, { files, into: within.into }).catch((error: unknown) => {
        throw diskRefusal(error, 'read a block', directory)
      })
      if (block !== null) return { block, rotten, isLooseRotten: false }
      rotten.push(place)
    }
    const block = await loose.read(cid)
    const isLooseRotten = block !== undefined && !isBlockOf(cid, block)
    return { block: isLooseRotten ? undefined : block, rotten, isLooseRotten }
  }

  /** Puts right bytes wherever they are missing in a file that has its name. */
  async function mend(cid: CID, block: Uint8Array): Promise<boolean> {
    let isMended = false
    for (const { file, leaf } of shelf.places(cid)) {
      if (file.here[leaf] === 1 || file.link !== null || !file.isWhole) continue
      await mendLeaf(file, cid.multihash.digest, block).catch((error: unknown) => {
        throw diskRefusal(error, 'mend a block', directory)
      })
      isMended = true
    }
    return isMended
  }

  async function put(cid: CID, block: Uint8Array, isFetched: boolean): Promise<void> {
    requireAcceptableCid(cid)
    if (block.byteLength > DEFAULT_MAX_BLOCK_BYTES) throw tooLarge(cid, block.byteLength)
    // A rotten one is replaced: whoever brings the right bytes mends it.
    const found = await look(cid, { isDurable: !isFetched })
    await putAway(cid, found)
    const isMended = await mend(cid, block)
    if (found.block !== undefined || isMended) return
    if (isFetched && (await weights.takeLeaf(cid, block))) return
    await loose.write(cid, block)
  }

  /** What is rotten is not here any more. */
  async function putAway(cid: CID, { rotten, isLooseRotten }: Looked): Promise<void> {
    for (const { file, leaf } of rotten) file.here[leaf] = 0
    if (isLooseRotten) await loose.delete(cid)
  }

  return {
    async has(cid) {
      const isInFile = shelf.hasNode(cid) || shelf.places(cid).some(({ file, leaf }) => file.here[leaf] === 1)
      return isInFile || (await loose.has(cid))
    },
    async get(cid, into) {
      const found = await look(cid, { into })
      const { block, rotten, isLooseRotten } = found
      if (block !== undefined) {
        if (rotten.length > 0 && options.onlyReads !== true) {
          await putAway(cid, found)
          await mend(cid, block)
        }
        return block
      }
      if (rotten.length === 0 && !isLooseRotten) {
        throw new ColdmeshError('block-missing', 'A block is not here.', { facts: { cid: cid.toString() } })
      }
      throw new ColdmeshError('block-corrupt', 'A stored block does not match its CID any more.', {
        facts: { cid: cid.toString() },
        hint: 'Check the disk. The block will be fetched again from another peer.',
      })
    },
    put: (cid, block) => put(cid, block, false),
    accept: (cid, block) => put(cid, block, true),
    async delete(cid) {
      for (const { file, leaf } of shelf.places(cid)) if (!file.isWhole) file.here[leaf] = 0
      await loose.delete(cid)
    },
    async take(cid) {
      const found = await look(cid, {})
      await putAway(cid, found)
      if (found.block !== undefined && found.rotten.length > 0) await mend(cid, found.block)
      return found.block
    },
  }
}

function tooLarge(cid: CID, bytes: number): ColdmeshError {
  return new ColdmeshError('too-large', `A block has more than ${DEFAULT_MAX_BLOCK_BYTES} bytes.`, {
    facts: { cid: cid.toString(), bytes },
  })
}
