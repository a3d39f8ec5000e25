/** What two leaves of one place are turned into before zstd, for elements of 2 or 4 bytes. Each is exact: `back` undoes it. */
export interface Transform {
  readonly name: string
  to(leaf: Words, base: Words): Words
  back(difference: Words, base: Words): Words
}
type Words = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

export const TRANSFORMS: readonly Transform[] = [
  { name: 'none', to: (leaf) => leaf, back: (difference) => difference },
  { name: 'xor', to: xor, back: xor },
  { name: 'key difference', to: keyDifference, back: keySum },
]

function emptyLike(words: Words): Words {
  return words instanceof Uint16Array ? new Uint16Array(words.length) : new Uint32Array(words.length)
}

function xor(leaf: Words, base: Words): Words {
  const out = emptyLike(leaf)
  for (let i = 0; i < out.length; i++) out[i] = (leaf[i] ?? 0) ^ (base[i] ?? 0)
  return out
}

/** By integers that are ordered as the floats are; small differences of either sign are small numbers. */
function keyDifference(leaf: Words, base: Words): Words {
  const out = emptyLike(leaf)
  const up = 32 - 8 * leaf.BYTES_PER_ELEMENT
  for (let i = 0; i < out.length; i++) {
    const difference = ((keyOf(leaf[i] ?? 0, up) - keyOf(base[i] ?? 0, up)) << up) >> up
    out[i] = (difference << 1) ^ (difference >> 31)
  }
  return out
}

function keySum(differences: Words, base: Words): Words {
  const out = emptyLike(differences)
  const up = 32 - 8 * differences.BYTES_PER_ELEMENT
  for (let i = 0; i < out.length; i++) {
    const zigzag = differences[i] ?? 0
    const key = ((keyOf(base[i] ?? 0, up) + ((zigzag >>> 1) ^ -(zigzag & 1))) << up) >> up
    out[i] = key ^ ((key >> 31) >>> (up + 1))
  }
  return out
}

/** @param up bits above an element's own */
function keyOf(bits: number, up: number): number {
  const signed = (bits << up) >> up
  return signed ^ ((signed >> 31) >>> (up + 1))
}

/** All first bytes, then all second ones, ... */
export function splitPlanes(bytes: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(bytes.length)
  const count = bytes.length / width
  for (let plane = 0; plane < width; plane++) {
    const from = plane * count
    for (let i = 0, k = plane; i < count; i++, k += width) out[from + i] = bytes[k] ?? 0
  }
  return out
}

export function joinPlanes(planes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(planes.length)
  const count = planes.length / width
  for (let plane = 0; plane < width; plane++) {
    const from = plane * count
    for (let i = 0, k = plane; i < count; i++, k += width) out[k] = planes[from + i] ?? 0
  }
  return out
}
