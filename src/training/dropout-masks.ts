import { createRandom } from './random.ts'

const LANES = 4
/** Masks begin at whole lines of this many floats: what is left over of the last one is drawn and thrown away. */
const LINE_FLOATS = 16
export const MASK_STATE_INTEGERS = 16

/** The generators' state at the start of a training: four times a, b, c and d. */
export function maskState(seed: number): Uint32Array {
  const random = createRandom(seed, 'dropout')
  return Uint32Array.from({ length: MASK_STATE_INTEGERS }, () => random.uint32())
}

/**
 * A dropout mask of `count` numbers: 0 with probability `rate`, else 1 / (1 - rate). Four xoshiro128+ generators side by side, whose
 * `state` is advanced: every engine draws the same masks from a seed.
 */
export function drawMask(state: Uint32Array, count: number, rate: number): Float32Array {
  const threshold = Math.floor(rate * 2 ** 32)
  const kept = 1 / (1 - rate)
  const rounds = Math.ceil(count / LINE_FLOATS) * (LINE_FLOATS / LANES)
  const mask = new Float32Array(count)
  for (let lane = 0; lane < LANES; lane++) {
    let a = state[lane] ?? 0
    let b = state[lane + LANES] ?? 0
    let c = state[lane + 2 * LANES] ?? 0
    let d = state[lane + 3 * LANES] ?? 0
    for (let round = 0; round < rounds; round++) {
      // Past the end, writing does nothing.
      if ((a + d) >>> 0 >= threshold) mask[round * LANES + lane] = kept
      const shifted = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= shifted
      d = (d << 11) | (d >>> 21)
    }
    state[lane] = a
    state[lane + LANES] = b
    state[lane + 2 * LANES] = c
    state[lane + 3 * LANES] = d
  }
  return mask
}
