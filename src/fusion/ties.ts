import { createMagnitudes, type Kept } from './magnitudes.ts'
import { BLOCK, type Block } from './span.ts'

/**
 * ties/1: of the differences that each input keeps, the mean of those with the elected sign, times `scale`, on the base.
 * What is visited comes in the files' order, once: of equal magnitudes the first are kept.
 */
export function createTies(
  kept: readonly Kept[],
  { scale }: { readonly scale: number },
): (block: Block, numbers: Float64Array) => void {
  const magnitudesOf = createMagnitudes()
  const left = Float64Array.from(kept, ({ equal }) => equal)
  const differences = kept.map(() => new Float64Array(BLOCK))

  /** The input's differences; 0 for those that it doesn't keep. */
  function trim({ length, base, inputs }: Block, input: number): Float64Array {
    const [values, into] = [inputs[input] ?? new Float32Array(), differences[input] ?? new Float64Array()]
    const bits = magnitudesOf(values, base, length)
    const key = kept[input]?.key ?? 0
    let equal = left[input] ?? 0
    for (let i = 0; i < length; i++) {
      const word = bits[i] ?? 0
      const isKept = word > key || (word === key && equal > 0)
      if (word === key && equal > 0) equal -= 1
      into[i] = isKept ? (values[i] ?? 0) - (base[i] ?? 0) : 0
    }
    left[input] = equal
    return into
  }

  return (block, numbers) => {
    const { length, base } = block
    const signs = numbers
    signs.fill(0, 0, length)
    for (const input of kept.keys()) {
      const of = trim(block, input)
      for (let i = 0; i < length; i++) signs[i] = (signs[i] ?? 0) + (of[i] ?? 0)
    }
    for (let i = 0; i < length; i++) {
      const sign = Math.sign(signs[i] ?? 0)
      let sum = 0
      let count = 0
      for (const of of differences) {
        const difference = of[i] ?? 0
        if (difference * sign <= 0) continue
        sum += difference
        count += 1
      }
      numbers[i] = (base[i] ?? 0) + scale * (count === 0 ? 0 : sum / count)
    }
  }
}
