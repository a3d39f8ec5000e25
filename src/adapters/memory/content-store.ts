import { createHash } from 'node:crypto'
import { decode } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import type { ContentStore, FetchOptions } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'

const DAG_PB = 0x70

export interface MemoryContentStore extends ContentStore {
  readonly size: number
  /** Other stores that `fetch` may copy from; a provider's address is looked up here first. */
  connect(address: string, other: ContentStore): void
}

/**
 * Blocks in a map, fetched from other stores in this process. It follows links and holds `maxBytes`, but trusts the
 * shape: hostile graphs are the business of the Helia adapter and its tests.
 */
export function memoryContentStore(): MemoryContentStore {
  const blocks = new Map<string, Uint8Array>()
  const others = new Map<string, ContentStore>()
  const keyOf = (cid: CID): string => Buffer.from(cid.multihash.bytes).toString('base64')
  const missing = (cid: CID): ColdmeshError =>
    new ColdmeshError('block-missing', 'A block is not here.', { facts: { cid: cid.toString() } })

  const get = async (cid: CID): Promise<Uint8Array> => {
    const block = blocks.get(keyOf(cid))
    if (block === undefined) throw missing(cid)
    if (!createHash('sha256').update(block).digest().equals(cid.multihash.digest)) {
      throw new ColdmeshError('block-corrupt', 'A block does not match its CID.', { facts: { cid: cid.toString() } })
    }
    return block.slice()
  }

  const take = async (cid: CID, options: FetchOptions): Promise<Uint8Array> => {
    if (blocks.has(keyOf(cid))) return get(cid)
    const preferred = (options.providers ?? []).flatMap((address) => others.get(address) ?? [])
    for (const other of [...preferred, ...others.values()]) {
      if (options.signal?.aborted === true) throw new ColdmeshError('aborted', 'The fetch was stopped.')
      if (!(await other.has(cid))) continue
      blocks.set(keyOf(cid), await other.get(cid))
      return get(cid)
    }
    throw missing(cid)
  }

  return {
    has: async (cid) => blocks.has(keyOf(cid)),
    get,
    put: async (cid, block) => void blocks.set(keyOf(cid), block.slice()),
    delete: async (cid) => void blocks.delete(keyOf(cid)),
    async fetch(root, options) {
      const seen = new Set<string>()
      const todo = [root]
      let bytes = 0
      for (let cid = todo.pop(); cid !== undefined; cid = todo.pop()) {
        if (seen.has(keyOf(cid))) continue
        seen.add(keyOf(cid))
        const block = await take(cid, options)
        bytes += block.byteLength
        if (bytes > options.maxBytes) throw new ColdmeshError('too-large', 'The content is too large.')
        if (cid.code === DAG_PB && options.shape !== 'block') todo.push(...decode(block).Links.map(({ Hash }) => Hash))
        options.onProgress?.({ blocks: seen.size, bytes })
      }
      return { blocks: seen.size, bytes }
    },
    connect: (address, other) => void others.set(address, other),
    get size() {
      return blocks.size
    },
  }
}
