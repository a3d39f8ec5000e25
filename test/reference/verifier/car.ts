import type { CID } from 'multiformats/cid'
import { joinBytes } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'

/** The bytes of an archive's file: protocols/archive/SPEC.md, "The file". */

export interface Section {
  readonly cid: CID
  readonly block: Uint8Array
}

const CID_BYTES = 36

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
