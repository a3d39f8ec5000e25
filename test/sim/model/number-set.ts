/** A set of integers below 2^53 that keeps their order; compact, for tens of millions. */
export interface NumberSet {
  readonly size: number
  /** The n-th number that was added. */
  at(index: number): number
  has(value: number): boolean
  /** True when it is new. */
  add(value: number): boolean
}

const FIRST_SLOTS = 1 << 16

export function createNumberSet(): NumberSet {
  let values = new Float64Array(FIRST_SLOTS / 2)
  let slots = new Int32Array(FIRST_SLOTS).fill(-1)
  let size = 0

  /** The slot that holds the value, or would. */
  function slotOf(value: number): number {
    const mask = slots.length - 1
    let slot = (Math.imul(value >>> 0, 0x9e3779b1) ^ Math.imul((value / 0x100000000) >>> 0, 0x85ebca6b)) >>> 0
    slot = (slot ^ (slot >>> 15)) & mask
    for (;;) {
      const index = slots[slot] ?? -1
      if (index < 0 || values[index] === value) return slot
      slot = (slot + 1) & mask
    }
  }

  function grow(): void {
    const larger = new Float64Array(values.length * 2)
    larger.set(values)
    values = larger
    slots = new Int32Array(slots.length * 2).fill(-1)
    for (let index = 0; index < size; index++) slots[slotOf(values[index] ?? 0)] = index
  }

  return {
    get size() {
      return size
    },
    at: (index) => values[index] ?? Number.NaN,
    has: (value) => (slots[slotOf(value)] ?? -1) >= 0,
    add: (value) => {
      if ((slots[slotOf(value)] ?? -1) >= 0) return false
      if (size === values.length) grow()
      values[size] = value
      slots[slotOf(value)] = size++
      return true
    },
  }
}
