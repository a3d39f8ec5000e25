/** Numbers that come one by one, eight bytes each. */
export interface GrowingNumbers {
  readonly length: number
  push(value: number): void
  at(index: number): number
  /** Those so far, not a copy. */
  values(): Float64Array
}

export function createGrowingNumbers(): GrowingNumbers {
  let numbers = new Float64Array(1_024)
  let length = 0
  return {
    get length() {
      return length
    },
    push(value) {
      if (length === numbers.length) {
        const larger = new Float64Array(numbers.length * 2)
        larger.set(numbers)
        numbers = larger
      }
      numbers[length++] = value
    },
    at: (index) => numbers[index] ?? Number.NaN,
    values: () => numbers.subarray(0, length),
  }
}
