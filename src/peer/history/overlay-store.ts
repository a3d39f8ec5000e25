import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isRawCid, rawCid } from '../../checkpoint/cid.ts'
import { importFile, LEAF_BYTES } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { checkSignal } from './read-only-store.ts'

/** A store over files that stay where they are, before another store. Memory: a few dozen bytes a leaf, and the nodes. */
export interface OverlayStore extends ContentStore {
  /** Computes the CID of a file; its blocks are read from it from now on. */
  addFile(path: string, signal?: AbortSignal): Promise<{ readonly cid: CID; readonly bytes: number }>
}

interface Place {
  readonly path: string
  readonly offset: number
  readonly length: number
}

/** @param fallback where to look for blocks that no file has */
export function createOverlayStore(fallback: ContentStore | null): OverlayStore {
  const places = new Map<string, Place>()
  const nodes = new Map<string, Uint8Array>()

  async function addFile(path: string, signal?: AbortSignal): Promise<{ cid: CID; bytes: number }> {
    let offset = 0
    return await importFile(
      createReadStream(path, { highWaterMark: LEAF_BYTES }),
      (cid, block) => {
        checkSignal(signal)
        const key = String(cid)
        if (!isRawCid(cid)) {
          nodes.set(key, new Uint8Array(block))
          return
        }
        if (!places.has(key)) places.set(key, { path, offset, length: block.length })
        offset += block.length
      },
      { reuseBlocks: true },
    )
  }

  return {
    addFile,
    has: async (cid) => places.has(String(cid)) || nodes.has(String(cid)) || ((await fallback?.has(cid)) ?? false),
    get: async (cid) => {
      const node = nodes.get(String(cid))
      if (node !== undefined) return node
      const place = places.get(String(cid))
      if (place !== undefined) return await readPlace(cid, place)
      if (fallback !== null) return await fallback.get(cid)
      throw new ColdmeshError('block-missing', `Block ${cid} is not here.`, { facts: { cid: String(cid) } })
    },
    put: async (cid, block) => {
      nodes.set(String(cid), new Uint8Array(block))
    },
    delete: async (cid) => {
      nodes.delete(String(cid))
    },
    fetch: async () => {
      throw new ColdmeshError('unsupported', 'A store over files fetches nothing.')
    },
  }
}

async function readPlace(cid: CID, { path, offset, length }: Place): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const block = new Uint8Array(length)
    const { bytesRead } = await file.read(block, 0, length, offset)
    if (bytesRead === length && equalCids(rawCid(block), cid)) return block
  } finally {
    await file.close()
  }
  throw new ColdmeshError('block-corrupt', `${path} changed while it was read.`, { facts: { cid: String(cid) } })
}
