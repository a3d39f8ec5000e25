import type { Block } from './span.ts'

/** Elements whose squares make one sum, which is then added to the whole; counted anew in each tensor. */
export const SQUARES_BLOCK = 65_536

/** Squared distances of the inputs from the base, block by block in the files' order. */
export interface Squares {
  /** Begins a tensor. */
  begin(): void
  /** The elements that follow. */
  add(block: Block): void
  /** Of each input, over what was added so far. */
  end(): readonly number[]
}

/** The first pass of clipped-mean/1 (docs/fusion.md). */
export function createSquares(count: number): Squares {
  const totals = new Float64Array(count)
  const sums = new Float64Array(count)
  let held = 0

  function close(): void {
    for (let input = 0; input < count; input++) totals[input] = (totals[input] ?? 0) + (sums[input] ?? 0)
    sums.fill(0)
    held = 0
  }

  return {
    begin: close,
    add({ length, base, inputs }) {
      let from = 0
      while (from < length) {
        const to = Math.min(length, from + SQUARES_BLOCK - held)
        for (const [input, values] of inputs.entries()) {
          sums[input] = addSquares(sums[input] ?? 0, values, base, from, to)
        }
        held += to - from
        from = to
        if (held === SQUARES_BLOCK) close()
      }
    },
    end() {
      close()
      return [...totals]
    },
  }
}

function addSquares(sum: number, values: Float32Array, base: Float32Array, from: number, to: number): number {
  let added = sum
  for (let i = from; i < to; i++) {
    const difference = (values[i] ?? 0) - (base[i] ?? 0)
    added += difference * difference
  }
  return added
}
