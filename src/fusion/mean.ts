import { addRebased } from './rebase.ts'
import type { Block } from './span.ts'
import { addInputs, divide } from './sums.ts'

/** mean/1: the sum in id order, one division. A late input is taken as the double that it stands for. */
export function mean(block: Block, numbers: Float64Array): void {
  const { length, inputs, parents } = block
  numbers.fill(0, 0, length)
  if (parents.every((parent) => parent === null)) addInputs(inputs, length, numbers)
  else {
    for (const [input, values] of inputs.entries()) {
      const parent = parents[input] ?? null
      if (parent === null) addInputs([values], length, numbers)
      else addRebased(block, values, parent, numbers)
    }
  }
  divide(numbers, length, inputs.length)
}
