import { createHash } from 'node:crypto'
import { encode, prepare } from '@ipld/dag-pb'
import { UnixFS, type UnixFSType } from 'ipfs-unixfs'
import { importer } from 'ipfs-unixfs-importer'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import type { ContentStore } from '../../../src/ports/content-store.ts'

const RAW = 0x55
const DAG_PB = 0x70

export function cidOf(block: Uint8Array, codec = RAW): CID {
  return CID.createV1(codec, create(0x12, createHash('sha256').update(block).digest()))
}

export async function putBlock(store: ContentStore, block: Uint8Array, codec = RAW): Promise<CID> {
  const cid = cidOf(block, codec)
  await store.put(cid, block)
  return cid
}

/** Bytes that differ from place to place, the same for the same seed. */
export function patterned(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
    bytes[i + 1] = state >>> 16
    bytes[i + 2] = i >>> 8
    bytes[i + 3] = seed
  }
  return bytes
}

/** Imports files by the profile of the network; one without a slash is a file, several are a directory. */
export async function importFiles(store: ContentStore, files: Readonly<Record<string, Uint8Array>>): Promise<CID> {
  const blockstore = {
    put: async (cid: CID, bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<CID> => {
      if (!(bytes instanceof Uint8Array)) throw new TypeError('expected one piece')
      await store.put(cid, bytes)
      return cid
    },
  }
  const source = Object.entries(files).map(([path, content]) => ({ path, content }))
  let root: CID | undefined
  for await (const entry of importer(source, blockstore, { profile: 'unixfs-v1-2025' })) root = entry.cid
  if (root === undefined) throw new Error('nothing was imported')
  return root
}

/** A UnixFS file node that claims these sizes for these children, true or not. */
export function fileNode(children: readonly (readonly [CID, number])[], data?: Uint8Array): Uint8Array {
  const unixfs = new UnixFS({
    type: 'file',
    blockSizes: children.map(([, size]) => BigInt(size)),
    ...(data === undefined ? {} : { data }),
  })
  const links = children.map(([cid, size]) => ({ Hash: cid, Tsize: size, Name: '' }))
  return encode(prepare({ Data: unixfs.marshal(), Links: links }))
}

export function directoryNode(entries: readonly (readonly [string, CID])[]): Uint8Array {
  const links = entries.map(([name, cid]) => ({ Hash: cid, Tsize: 1, Name: name }))
  return encode(prepare({ Data: new UnixFS({ type: 'directory' }).marshal(), Links: links }))
}

export const CODEC = { RAW, DAG_PB } as const

/** A node without links of any UnixFS type. */
export function unixfsNode(type: UnixFSType): Uint8Array {
  return encode(prepare({ Data: new UnixFS({ type }).marshal(), Links: [] }))
}
