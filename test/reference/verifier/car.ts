import { CID } from 'multiformats/cid'
import { joinBytes } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical, idOf } from '../../../protocols/wire/codec.ts'
import { sha256 } from '../../../protocols/wire/crypto.ts'
import type { Archive } from './archive-object.ts'
import { archive as archiveDeclaration } from './archive-object.ts'

/** The bytes of an archive's file and back: protocols/archive/SPEC.md, "The file". */

export interface Section {
  readonly cid: CID
  readonly block: Uint8Array
}

/** What a file is refused for before anything in it is looked at. */
export class BadFile extends Error {}

const CID_BYTES = 36
const MAX_BLOCK_BYTES = 2_097_152

function varint(number: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}

export function writeCar(root: CID, sections: readonly Section[]): Uint8Array {
  const header = encodeCanonical({ roots: [root], version: 1 })
  const parts = [varint(header.length), header]
  for (const { cid, block } of sections) parts.push(varint(CID_BYTES + block.length), cid.bytes, block)
  return joinBytes(parts)
}

/** @throws BadFile by the rules of the file */
export function readCar(file: Uint8Array): {
  readonly root: CID
  readonly archive: Archive
  readonly sections: readonly Section[]
} {
  const header = readVarint(file, 0, 'archive-header')
  const sections: Section[] = []
  let at = header.end + header.value
  const root = readRoot(file.subarray(header.end, at))
  if (root === null) throw new BadFile('archive-header')
  while (at < file.length) {
    const { value, end } = readVarint(file, at, 'archive-section')
    if (value < CID_BYTES || value > CID_BYTES + MAX_BLOCK_BYTES) throw new BadFile('archive-section')
    at = end + value
    if (at > file.length) throw new BadFile('archive-cut-off')
    const cid = readCid(file.subarray(end, end + CID_BYTES))
    const block = file.subarray(end + CID_BYTES, at)
    if (Buffer.compare(sha256(block), cid.multihash.digest) !== 0) throw new BadFile('archive-block')
    sections.push({ cid, block })
  }
  const [first] = sections
  if (first === undefined || !first.cid.equals(root)) throw new BadFile('archive-root')
  try {
    return { root, archive: archiveDeclaration.decode(Uint8Array.from(first.block)), sections }
  } catch (cause) {
    throw new BadFile('archive-malformed', { cause })
  }
}

function readVarint(file: Uint8Array, start: number, reason: string): { readonly value: number; readonly end: number } {
  let value = 0
  for (let i = 0; i < 8; i++) {
    const byte = file[start + i]
    if (byte === undefined) throw new BadFile('archive-cut-off')
    value += (byte & 127) * 128 ** i
    if (byte < 128) {
      if (byte === 0 && i > 0) throw new BadFile(reason)
      return { value, end: start + i + 1 }
    }
  }
  throw new BadFile(reason)
}

/** The header has one form: found by writing it for the root that stands where a root would. */
function readRoot(header: Uint8Array): CID | null {
  const form = encodeCanonical({ roots: [idOf(Uint8Array.of())], version: 1 })
  const start = Buffer.from(form).indexOf(idOf(Uint8Array.of()).bytes)
  try {
    const root = readCid(header.subarray(start, start + CID_BYTES))
    const isOurs = Buffer.compare(encodeCanonical({ roots: [root], version: 1 }), header) === 0
    return isOurs && root.code === idOf(Uint8Array.of()).code ? root : null
  } catch {
    return null
  }
}

function readCid(bytes: Uint8Array): CID {
  const [version, codec, hash, length] = bytes
  const isOurs = version === 1 && hash === 0x12 && length === 32 && [0x55, 0x70, 0x71].includes(codec ?? 0)
  if (!isOurs || bytes.length !== CID_BYTES) throw new BadFile('archive-section')
  return CID.decode(Uint8Array.from(bytes))
}
