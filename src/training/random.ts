const UINT32 = 2 ** 32

/** A seeded source of numbers: equal seeds and streams give equal sequences on every machine. Not for secrets. */
export interface Random {
  /** An integer from 0 up to 2^32 - 1. */
  uint32(): number
  /** A number from 0 up to, not including, 1; 53 random bits. */
  uniform(): number
  /** An integer from 0 up to, not including, `limit` (at most 2^32). */
  below(limit: number): number
  /** Standard normal. */
  normal(): number
  /** Shuffles `items` in place and returns them. */
  shuffle<Items extends { length: number; [index: number]: unknown }>(items: Items): Items
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna), its state filled by splitmix32 from `seed` and the name of the `stream`. Streams of one seed
 * are independent, so that for instance more dropout doesn't change the order of the batches.
 */
export function createRandom(seed: number, stream: string): Random {
  const next32 = splitmix32(hashName(`${seed}/${stream}`))
  let a = next32()
  let b = next32()
  let c = next32()
  let d = next32() | 1 // the all-zero state is the one that never leaves itself

  function uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }

  const uniform = () => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53
  const below = (limit: number) => {
    // Rejection keeps every value equally likely.
    const largest = UINT32 - (UINT32 % limit)
    let value = uint32()
    while (value >= largest) value = uint32()
    return value % limit
  }
  return {
    uint32,
    uniform,
    below,
    // Box-Muller; 1 - uniform is never zero.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = below(last + 1)
        const kept = items[last]
        items[last] = items[other]
        items[other] = kept
      }
      return items
    },
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function splitmix32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
}

/** FNV-1a, 32 bits. */
function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return hash
}
