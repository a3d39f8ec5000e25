import { createHash } from 'node:crypto'
import { encode as encodeCbor } from '@ipld/dag-cbor'
import { encode as encodePb, prepare } from '@ipld/dag-pb'
import { murmur364 } from '@multiformats/murmur3'
import { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import type { LocalBlocks } from '../../../src/ports/local-blocks.ts'

const RAW = 0x55
const DAG_PB = 0x70
const DAG_CBOR = 0x71

/** Graphs as other programs make them: small chunks, old CIDs, large directories. */
export interface Dag {
  readonly blocks: LocalBlocks
  raw(bytes: Uint8Array): Promise<CID>
  /** A file whose chunks are these. */
  file(chunks: readonly Uint8Array[]): Promise<CID>
  directory(entries: Readonly<Record<string, CID>>): Promise<CID>
  /** The same, cut by the hashes of the names, 256 ways. */
  sharded(entries: Readonly<Record<string, CID>>): Promise<CID>
  document(value: unknown): Promise<CID>
  /** A file under a CID of version 0. */
  old(chunks: readonly Uint8Array[]): Promise<CID>
}

export async function createDag(): Promise<Dag> {
  const { local: blocks } = await openBlockStore(null)
  const put = async (code: number, block: Uint8Array): Promise<CID> => {
    const cid = CID.createV1(code, createDigest(0x12, createHash('sha256').update(block).digest()))
    await blocks.put(cid, block)
    return cid
  }
  const node = (data: UnixFS, links: readonly { Name: string; Hash: CID; Tsize?: number }[]): Promise<CID> =>
    put(DAG_PB, encodePb(prepare({ Data: data.marshal(), Links: links.map((link) => ({ Tsize: 1, ...link })) })))

  const dag: Dag = {
    blocks,
    raw: (bytes) => put(RAW, bytes),
    async file(chunks) {
      const links = await Promise.all(
        chunks.map(async (chunk) => ({ Name: '', Hash: await put(RAW, chunk), Tsize: chunk.length })),
      )
      return await node(new UnixFS({ type: 'file', blockSizes: chunks.map(({ length }) => BigInt(length)) }), links)
    },
    directory: (entries) => node(new UnixFS({ type: 'directory' }), sorted(entries)),
    async sharded(entries) {
      const hashed = await Promise.all(
        Object.entries(entries).map(async ([name, cid]) => ({
          name,
          cid,
          hash: (await murmur364.digest(Buffer.from(name))).digest,
        })),
      )
      return await shard(hashed, 0)
    },
    document: (value) => put(DAG_CBOR, encodeCbor(value)),
    old: async (chunks) => {
      const { digest } = (await dag.file(chunks)).multihash
      return CID.createV0(createDigest(0x12, digest))
    },
  }

  async function shard(entries: readonly { name: string; cid: CID; hash: Uint8Array }[], depth: number): Promise<CID> {
    const slots = Map.groupBy(entries, ({ hash }) => hash[depth] ?? 0)
    const links: { Name: string; Hash: CID }[] = []
    const bitfield = Buffer.alloc(32)
    for (const [slot, inside] of [...slots].sort(([a], [b]) => a - b)) {
      const prefix = slot.toString(16).toUpperCase().padStart(2, '0')
      const [only] = inside
      bitfield[31 - Math.floor(slot / 8)] = (bitfield[31 - Math.floor(slot / 8)] ?? 0) | (1 << (slot % 8))
      if (inside.length === 1 && only !== undefined) links.push({ Name: `${prefix}${only.name}`, Hash: only.cid })
      else links.push({ Name: prefix, Hash: await shard(inside, depth + 1) })
    }
    const data = new UnixFS({ type: 'hamt-sharded-directory', data: bitfield, fanout: 256n, hashType: 0x22n })
    return await node(data, links)
  }
  return dag
}

function sorted(entries: Readonly<Record<string, CID>>): { Name: string; Hash: CID }[] {
  return Object.entries(entries)
    .map(([Name, Hash]) => ({ Name, Hash }))
    .sort((a, b) => (a.Name < b.Name ? -1 : 1))
}
