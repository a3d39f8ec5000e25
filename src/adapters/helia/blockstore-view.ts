import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { isAcceptableCid } from '../../checkpoint/acceptable-cid.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'

/**
 * Our blocks as Helia wants them. To other peers a block that is rotten or cannot be read is one we do not have: they
 * ask somebody else.
 */
export function blockstoreView(
  local: LocalBlocks,
  onServed: (cid: CID, block: Uint8Array) => void = () => {},
): Blockstore {
  const get = async function* (cid: CID): AsyncGenerator<Uint8Array> {
    const block = await local.get(cid).catch((cause: unknown) => {
      throw new BlockNotFound(cause)
    })
    onServed(cid, block)
    yield block
  }
  const view: Blockstore = {
    has: async (cid) => isAcceptableCid(cid) && (await local.has(cid)),
    get,
    async put(cid, block) {
      await local.accept(cid, await bytesOf(block))
      return cid
    },
    async delete(cid) {
      await local.delete(cid)
    },
    async *getMany(cids) {
      for await (const cid of cids) yield { cid, bytes: get(cid) }
    },
    async *putMany(pairs) {
      for await (const { cid, bytes } of pairs) {
        await view.put(cid, bytes)
        yield cid
      }
    },
    async *deleteMany(cids) {
      for await (const cid of cids) {
        await local.delete(cid)
        yield cid
      }
    },
    // Only Helia's garbage collection lists blocks; ours is told what to delete.
    async *getAll() {},
  }
  return view
}

/** Bitswap knows a missing block by the name of the error. */
class BlockNotFound extends Error {
  constructor(cause: unknown) {
    super('not here', { cause })
    this.name = 'NotFoundError'
  }
}

async function bytesOf(block: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (block instanceof Uint8Array) return block
  const parts: Uint8Array[] = []
  for await (const part of block) parts.push(part)
  return Buffer.concat(parts)
}
