import { decode, type PBLink, type PBNode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../ports/errors.ts'
import { DAG_PB, RAW, requireAcceptableCid } from './acceptable-cid.ts'
import {
  DEFAULT_MAX_BLOCK_BYTES,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_LINKS,
  DEFAULT_MAX_NAME_BYTES,
} from './block-limits.ts'

/** What a block has to be. `bytes`: the exact size of the file below it, where its parent said so. */
export type Expected =
  | { readonly kind: 'block' }
  | { readonly kind: 'file'; readonly bytes: number | undefined }
  | { readonly kind: 'directory' }
  | { readonly kind: 'entry' }

export interface Visit {
  readonly cid: CID
  readonly expected: Expected
  readonly depth: number
}

export interface Read {
  readonly children: readonly Visit[]
  /** Bytes of file that begin at this block: all of a file at its root, none inside it. */
  readonly fileBytes: number
}

/**
 * Judges one verified block before anything below it is read.
 * @throws ColdmeshError `bad-checkpoint` (not what was expected), `too-large` (links or depth)
 */
export function readUnixfsBlock(visit: Visit, block: Uint8Array): Read {
  const { cid, expected, depth } = visit
  if (expected.kind === 'block') return { children: [], fileBytes: block.byteLength }
  if (cid.code === RAW) return readLeaf(visit, block)
  if (cid.code !== DAG_PB) throw otherKind(visit, `codec 0x${cid.code.toString(16)} is no file and no directory`)
  if (depth >= DEFAULT_MAX_DEPTH) throw tooLarge(visit, 'A file or directory is nested too deep.')
  const node = parse(visit, block)
  if (node.Links.length > DEFAULT_MAX_LINKS) {
    throw tooLarge(visit, `A node has more than ${DEFAULT_MAX_LINKS} links.`)
  }
  const unixfs = parseUnixfs(visit, node)
  if (unixfs.type === 'file' && expected.kind !== 'directory') return readFileNode(visit, node, unixfs)
  if (unixfs.type === 'directory' && expected.kind !== 'file') return readDirectory(visit, node)
  throw otherKind(visit, `it is a ${unixfs.type}, not a ${expected.kind}`)
}

function readLeaf(visit: Visit, block: Uint8Array): Read {
  const { expected } = visit
  if (expected.kind === 'directory') throw otherKind(visit, 'it is a raw leaf, not a directory')
  const bytes = expected.kind === 'file' ? expected.bytes : undefined
  if (bytes !== undefined && bytes !== block.byteLength) {
    throw wrong(visit, 'wrong-size', `a leaf has ${block.byteLength} bytes where its parent says ${bytes}`)
  }
  return { children: [], fileBytes: block.byteLength }
}

function readFileNode(visit: Visit, node: PBNode, unixfs: UnixFS): Read {
  const { expected, depth } = visit
  const sizes = unixfs.blockSizes.map(Number)
  if (sizes.length !== node.Links.length)
    throw wrong(visit, 'not-canonical', 'its sizes and its links differ in number')
  const inline = unixfs.data?.byteLength ?? 0
  if (inline > 0 && sizes.length > 0) throw wrong(visit, 'not-canonical', 'a node has both data and links')
  let total = inline
  for (const size of sizes) {
    // An empty child costs reading and adds nothing: a chain of them has no end.
    if (!Number.isSafeInteger(size) || size < 1) throw wrong(visit, 'not-canonical', 'a child has no bytes')
    total += size
  }
  if (!Number.isSafeInteger(total)) throw wrong(visit, 'wrong-size', 'its size is not a number')
  if (expected.kind === 'file' && expected.bytes !== undefined && expected.bytes !== total) {
    throw wrong(visit, 'wrong-size', `its file has ${total} bytes, not ${expected.bytes}`)
  }
  const children = node.Links.map((link, i): Visit => {
    const bytes = sizes[i] ?? 0
    requireAcceptableCid(link.Hash)
    if (link.Hash.code === RAW && bytes > DEFAULT_MAX_BLOCK_BYTES) {
      throw tooLarge(visit, `A leaf has more than ${DEFAULT_MAX_BLOCK_BYTES} bytes.`)
    }
    return { cid: link.Hash, expected: { kind: 'file', bytes }, depth: depth + 1 }
  })
  return { children, fileBytes: total }
}

function readDirectory(visit: Visit, node: PBNode): Read {
  const names = new Set<string>()
  const children = node.Links.map((link): Visit => {
    const name = nameOf(visit, link)
    if (names.has(name)) throw wrong(visit, 'not-canonical', 'a directory has one name twice')
    names.add(name)
    requireAcceptableCid(link.Hash)
    return { cid: link.Hash, expected: { kind: 'entry' }, depth: visit.depth + 1 }
  })
  return { children, fileBytes: 0 }
}

function nameOf(visit: Visit, link: PBLink): string {
  const name = link.Name ?? ''
  const isPath = name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)
  if (isPath || Buffer.byteLength(name) > DEFAULT_MAX_NAME_BYTES)
    throw wrong(visit, 'not-canonical', 'a directory has a bad name in it')
  return name
}

function parse(visit: Visit, block: Uint8Array): PBNode {
  try {
    return decode(block)
  } catch (cause) {
    throw otherKind(visit, 'it is not dag-pb', cause)
  }
}

function parseUnixfs(visit: Visit, node: PBNode): UnixFS {
  if (node.Data === undefined) throw otherKind(visit, 'a node has no UnixFS data')
  try {
    return UnixFS.unmarshal(node.Data)
  } catch (cause) {
    throw otherKind(visit, 'it is not UnixFS', cause)
  }
}

/** `reason`: a word for `status` and for programs. */
function wrong(visit: Visit, reason: string, what: string, cause?: unknown): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `The content is not as announced: ${what}.`, {
    facts: { ...factsOf(visit), reason },
    cause,
  })
}

function otherKind(visit: Visit, what: string, cause?: unknown): ColdmeshError {
  return wrong(visit, `not-a-${visit.expected.kind}`, what, cause)
}

function tooLarge(visit: Visit, message: string): ColdmeshError {
  return new ColdmeshError('too-large', message, { facts: factsOf(visit) })
}

function factsOf({ cid, depth }: Visit): { cid: string; depth: number } {
  return { cid: cid.toString(), depth }
}
