import fc from 'fast-check'

/** The bytes with one bit changed; bit 0 is the lowest of the first byte. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
}

/** `count` different bits of these bytes, or all where there are fewer. */
export function sampleBits(bytes: Uint8Array, count: number, seed: number): readonly number[] {
  const total = 8 * bytes.length
  if (total <= count) return Array.from({ length: total }, (_, bit) => bit)
  const [bits = []] = fc.sample(
    fc.uniqueArray(fc.nat({ max: total - 1 }), { minLength: count, maxLength: count, size: 'max' }),
    { numRuns: 1, seed },
  )
  return bits
}
