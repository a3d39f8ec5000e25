import { decode as decodeCbor } from '@ipld/dag-cbor'
import { decode as decodeJson } from '@ipld/dag-json'
import { decode as decodePb, type PBLink } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { DAG_CBOR, DAG_PB } from '../../checkpoint/acceptable-cid.ts'

const DAG_JSON = 0x0129

export interface NamedLink {
  readonly name: string
  readonly cid: CID
}

/** What a block is to whoever walks through it. */
export type NodeView =
  | { readonly kind: 'leaf'; readonly bytes: number }
  | FileView
  | { readonly kind: 'directory'; readonly links: readonly NamedLink[] }
  | ShardView
  /** dag-pb that is no UnixFS, or none that is known. */
  | { readonly kind: 'links'; readonly links: readonly NamedLink[] }
  | { readonly kind: 'document'; readonly value: unknown; readonly links: readonly NamedLink[] }

export interface FileView {
  readonly kind: 'file'
  readonly links: readonly NamedLink[]
  /** Of the file, those below it included. */
  readonly bytes: number
  /** That the node itself holds, before those of its children. */
  readonly inline: number
  /** Of each child; null when they do not fit the links, and no part can be told from another. */
  readonly sizes: readonly number[] | null
}

/** Part of a directory that is cut by the hashes of its names. */
export interface ShardView {
  readonly kind: 'shard'
  readonly links: readonly NamedLink[]
  readonly fanout: number
}

/** @throws Error when the bytes are not of the codec that the CID names */
export function viewNode(cid: CID, block: Uint8Array): NodeView {
  switch (cid.code) {
    case DAG_PB:
      return viewPb(block)
    case DAG_CBOR:
      return viewDocument(decodeCbor(block))
    case DAG_JSON:
      return viewDocument(decodeJson(block))
    default:
      return { kind: 'leaf', bytes: block.byteLength }
  }
}

function viewPb(block: Uint8Array): NodeView {
  const node = decodePb(block)
  const links = node.Links.map(({ Name = '', Hash }: PBLink): NamedLink => ({ name: Name, cid: Hash }))
  const unixfs = unixfsOf(node.Data)
  switch (unixfs?.type) {
    case 'file':
    case 'raw':
      return viewFile(unixfs, links)
    case 'directory':
      return { kind: 'directory', links }
    case 'hamt-sharded-directory':
      return { kind: 'shard', links, fanout: Number(unixfs.fanout ?? 256n) }
    default:
      return { kind: 'links', links }
  }
}

function unixfsOf(data: Uint8Array | undefined): UnixFS | null {
  if (data === undefined) return null
  try {
    return UnixFS.unmarshal(data)
  } catch {
    return null
  }
}

function viewFile(unixfs: UnixFS, links: readonly NamedLink[]): FileView {
  const sizes = unixfs.blockSizes.map(Number)
  const inline = unixfs.data?.byteLength ?? 0
  const bytes = sizes.reduce((sum, size) => sum + size, inline)
  const areKnown = sizes.length === links.length && Number.isSafeInteger(bytes)
  return { kind: 'file', links, bytes, inline, sizes: areKnown ? sizes : null }
}

function viewDocument(value: unknown): NodeView {
  return { kind: 'document', value, links: [...linksIn(value)] }
}

/** In the order of the encoding. */
function* linksIn(value: unknown): Generator<NamedLink> {
  const cid = CID.asCID(value)
  if (cid !== null) yield { name: '', cid }
  else if (Array.isArray(value)) for (const item of value) yield* linksIn(item)
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const item of Object.values(value)) yield* linksIn(item)
  }
}
