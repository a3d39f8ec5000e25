import type { CID } from 'multiformats/cid'
import { readUrl } from '../../adapters/web/read-url.ts'
import { DEFAULT_MAX_BLOCK_BYTES } from '../../checkpoint/block-limits.ts'
import { isDagPbCid } from '../../checkpoint/cid.ts'
import { readChildren, readRootBytes } from '../../checkpoint/file-tree.ts'
import { isBlockOf } from '../../checkpoint/is-block-of.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import { createBlockTable } from './block-table.ts'
import type { Spool } from './spool.ts'

const RAW_TYPE = 'application/vnd.ipld.raw'
/** Leaves that are asked for before they are needed: a request takes its time, whatever its block has. */
const AHEAD = 8
/** Of files whose leaves are known, the last so many: an input each, and more. */
const FILES = 128

export interface WebStoreOptions {
  /** Of a Trustless Gateway: what stands before `/ipfs/`. */
  readonly gateway: URL
  readonly spool: Spool
  /** Of all blocks together. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
  readonly stallMs?: number | undefined
}

/** Disposed, it asks for nothing more. */
export interface WebStore extends ContentStore, AsyncDisposable {
  /** Set once more was needed than is allowed: that says nothing about a history. */
  readonly excess: ColdmeshError | null
}

/**
 * The blocks of a gateway, each asked for when it is needed, compared with its CID and kept in the spool. Of a file that is read from its
 * beginning the next leaves are asked for too.
 */
export function createWebStore({ gateway, spool, maxBytes, stallMs, ...options }: WebStoreOptions): WebStore {
  const stopped = new AbortController()
  const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal])
  const table = createBlockTable()
  const coming = new Map<string, Promise<Uint8Array>>()
  /** Where a leaf stands in its file. Oldest first. */
  const files: Map<string, { readonly leaves: readonly CID[]; readonly at: number }>[] = []
  let fetched = 0
  let excess: ColdmeshError | null = null

  async function fetchBlock(cid: CID): Promise<Uint8Array> {
    const url = new URL(`/ipfs/${cid}?format=raw`, gateway)
    const limit = Math.min(DEFAULT_MAX_BLOCK_BYTES, maxBytes - fetched)
    const { body } = await readUrl(url, { accept: RAW_TYPE, maxBytes: limit, signal, stallMs })
    const parts: Uint8Array[] = []
    for await (const part of body) parts.push(part)
    const block = new Uint8Array(Buffer.concat(parts))
    if (!isBlockOf(cid, block)) {
      throw new ColdmeshError('block-corrupt', `${gateway.host} gives other bytes than those of ${cid}.`, {
        facts: { cid: String(cid) },
      })
    }
    fetched += block.length
    const offset = await spool.append(block)
    table.add(cid, { offset, bytes: block.length })
    note(cid, block)
    return block
  }

  /** Which leaves a node has, in order; nothing for what is no node above leaves. */
  function note(cid: CID, block: Uint8Array): void {
    if (!isDagPbCid(cid)) return
    try {
      const children = readChildren(block, readRootBytes(block), 1)
      const leaves = children.map((child) => child.cid)
      files.push(new Map(leaves.map((leaf, at) => [String(leaf), { leaves, at }])))
      if (files.length > FILES) files.shift()
    } catch (error) {
      if (!isColdmeshError(error, 'bad-checkpoint')) throw error
    }
  }

  async function fetchWithin(cid: CID): Promise<Uint8Array> {
    try {
      return await fetchBlock(cid)
    } catch (error) {
      if (isColdmeshError(error, 'too-large')) excess ??= error
      throw error
    }
  }

  /** One request for a block, however many want it. */
  function come(cid: CID): Promise<Uint8Array> {
    const key = String(cid)
    const known = coming.get(key)
    if (known !== undefined) return known
    const block = fetchWithin(cid).finally(() => coming.delete(key))
    coming.set(key, block)
    return block
  }

  /** Whoever reads one leaf may want no other; whoever reads a second one after it goes on. */
  function comeAhead(cid: CID): void {
    const place = files.map((leaves) => leaves.get(String(cid))).find((found) => found !== undefined)
    if (place === undefined || !isRead(place.leaves[place.at - 1])) return
    for (const next of place.leaves.slice(place.at + 1, place.at + 1 + AHEAD)) {
      // a failure is told to whoever needs the block, who asks again
      if (!table.has(next)) come(next).catch(() => {})
    }
  }

  const isRead = (leaf: CID | undefined) => leaf !== undefined && table.has(leaf)

  async function read(cid: CID): Promise<Uint8Array | null> {
    const place = table.find(cid)
    if (place === null) return null
    const block = new Uint8Array(place.bytes)
    await spool.file.read(block, 0, place.bytes, place.offset)
    if (isBlockOf(cid, block)) return block
    throw new ColdmeshError('block-corrupt', `Block ${cid} was changed where it was put.`, {
      facts: { cid: String(cid) },
    })
  }

  const refuse = async (): Promise<never> => {
    throw new Error('what is at a gateway is only read')
  }
  return {
    has: async (cid) => table.has(cid),
    get: async (cid) => {
      comeAhead(cid)
      return (await read(cid)) ?? (await come(cid))
    },
    put: refuse,
    delete: refuse,
    fetch: refuse,
    get excess() {
      return excess
    },
    async [Symbol.asyncDispose]() {
      stopped.abort()
      await Promise.allSettled(coming.values())
    },
  }
}
