import type { CID } from 'multiformats/cid'
import { joinBytes } from '../../../protocols/wire/bytes.ts'
import { carHeader } from '../../../src/adapters/gateway/car.ts'
import { createCarParser } from '../../../src/adapters/gateway/car-parser.ts'

/** A section of a CAR, to be changed: written as it is, right or wrong. */
export interface Section {
  readonly cid: CID
  readonly block: Uint8Array
}

/** A CAR in parts. */
export function sectionsOf(car: Uint8Array): readonly Section[] {
  const sections: Section[] = []
  let target = new Uint8Array()
  const parser = createCarParser(
    {
      onHeader: () => {},
      onBlock: (_cid, bytes) => {
        target = new Uint8Array(bytes)
        return target
      },
      onBlockEnd: (cid) => sections.push({ cid, block: target }),
    },
    { maxBlockBytes: 1 << 21 },
  )
  parser.push(car)
  parser.end()
  return sections
}

/** An unsigned LEB128, in its shortest form or in `bytes`. */
export function varint(value: number, bytes = 0): Uint8Array {
  const digits: number[] = []
  let rest = value
  do {
    digits.push(rest % 128)
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  while (digits.length < bytes) digits.push(0)
  return Uint8Array.from(digits, (digit, i) => (i < digits.length - 1 ? digit | 128 : digit))
}

/** @param lengthBytes of the length, where it should be longer than it must be */
export function sectionBytes(cid: Uint8Array, block: Uint8Array, lengthBytes = 0): Uint8Array {
  return joinBytes([varint(cid.length + block.length, lengthBytes), cid, block])
}

export function carOf(root: CID, sections: readonly Section[]): Uint8Array {
  return joinBytes([carHeader([root]), ...sections.map(({ cid, block }) => sectionBytes(cid.bytes, block))])
}
