import { decode, encode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import { compareBytes, equalBytes } from '../../protocols/wire/bytes.ts'
import { dagPbCid, isCanonicalCid, isDagPbCid } from './cid.ts'
import { badCheckpoint, show } from './header.ts'

/** Tools shard larger directories; ours have eight names. */
const MAX_ENTRIES = 256
const MAX_DIRECTORY_BYTES = 65_536
const MAX_NAME_BYTES = 255

/** What a directory lists. `bytes` is the whole subtree with its nodes (Tsize): `fileTsize` of a file, `directoryTsize` of a directory. */
export interface DirectoryEntry {
  readonly name: string
  readonly cid: CID
  readonly bytes: number
}

/**
 * The directory node that Kubo writes for these entries, whatever their order here.
 * @throws ColdmeshError `bad-checkpoint` for names that no path can have, or twice the same
 */
export function encodeDirectory(entries: readonly DirectoryEntry[]): { cid: CID; block: Uint8Array } {
  if (entries.length > MAX_ENTRIES) throw badCheckpoint(`A directory has more than ${MAX_ENTRIES} entries.`)
  const names = new Set<string>()
  const links = entries.map(({ name, cid, bytes }) => {
    checkName(name)
    if (names.has(name)) throw badCheckpoint(`A directory has the name ${show(name)} twice.`)
    names.add(name)
    if (!isCanonicalCid(cid)) throw badCheckpoint(`The CID of ${show(name)} is not CIDv1, sha2-256, raw or dag-pb.`)
    return { Name: name, Tsize: bytes, Hash: cid, order: utf8.encode(name) }
  })
  links.sort((a, b) => compareBytes(a.order, b.order))
  const block = encode({
    Data: new UnixFS({ type: 'directory' }).marshal(),
    Links: links.map(({ Name, Tsize, Hash }) => ({ Name, Tsize, Hash })),
  })
  if (block.length > MAX_DIRECTORY_BYTES)
    throw badCheckpoint(`A directory node has more than ${MAX_DIRECTORY_BYTES} bytes.`)
  return { cid: dagPbCid(block), block }
}

/**
 * Reads a directory node whose bytes were checked against `cid`.
 * @throws ColdmeshError `bad-checkpoint` for a file, a sharded directory, or a node that is not canonical
 */
export function decodeDirectory(block: Uint8Array, cid: CID): readonly { name: string; cid: CID; tsize: number }[] {
  if (!isDagPbCid(cid)) throw badCheckpoint(`${cid} is not a directory: its CID is not CIDv1, sha2-256, dag-pb.`)
  if (block.length > MAX_DIRECTORY_BYTES)
    throw badCheckpoint(`A directory node has more than ${MAX_DIRECTORY_BYTES} bytes.`)
  const { type, links } = decodeNode(block)
  if (type !== 'directory') throw badCheckpoint(`${cid} is a ${type} where a directory must be.`)
  const entries = links.map(({ Name, Tsize, Hash }) => {
    if (Name === undefined || Tsize === undefined) throw badCheckpoint('A directory has a link without name or size.')
    return { name: Name, cid: Hash, tsize: Tsize }
  })
  const again = encodeDirectory(entries.map((entry) => ({ name: entry.name, cid: entry.cid, bytes: entry.tsize })))
  if (!equalBytes(again.block, block)) {
    throw badCheckpoint(
      'The directory node is not canonical: its order, fields or metadata differ from the profile unixfs-v1-2025.',
    )
  }
  return entries
}

/** Bytes of a directory's node and of all below it: its Tsize in the directory above. */
export function directoryTsize(block: Uint8Array, entries: readonly { bytes: number }[]): number {
  return entries.reduce((sum, entry) => sum + entry.bytes, block.length)
}

const utf8 = new TextEncoder()

function decodeNode(block: Uint8Array) {
  try {
    const node = decode(block)
    return { type: UnixFS.unmarshal(node.Data ?? new Uint8Array()).type, links: node.Links }
  } catch (cause) {
    throw badCheckpoint(`A block is not a UnixFS node: ${cause instanceof Error ? cause.message : 'unreadable'}.`)
  }
}

function checkName(name: string): void {
  const isPath = name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')
  if (isPath || !name.isWellFormed() || utf8.encode(name).length > MAX_NAME_BYTES) {
    throw badCheckpoint(`${show(name)} is no name for a directory entry.`)
  }
}
