/** Virtual time: things happen in the order of their times, and of their arrival when times are equal. */
export interface Agenda {
  readonly now: number
  after(delayMs: number, action: () => void): void
  /** Runs what is due until `done` holds, nothing is left, or `untilMs` is reached. Returns whether `done` holds. */
  run(untilMs: number, done?: () => boolean): boolean
}

interface Entry {
  readonly at: number
  readonly order: number
  readonly action: () => void
}

export function createAgenda(): Agenda {
  const heap: Entry[] = []
  let now = 0
  let order = 0

  const isBefore = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order)

  function push(entry: Entry): void {
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (!above || isBefore(above, entry)) break
      heap[i] = above
      i = parent
    }
    heap[i] = entry
  }

  function pop(): void {
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      const [left, right] = [heap[child], heap[child + 1]]
      if (!left) break
      let next = left
      if (right && isBefore(right, left)) {
        next = right
        child++
      }
      if (!isBefore(next, last)) break
      heap[i] = next
      i = child
    }
    heap[i] = last
  }

  return {
    get now() {
      return now
    },
    after: (delayMs, action) => push({ at: now + delayMs, order: order++, action }),
    run: (untilMs, done = () => false) => {
      for (;;) {
        if (done()) return true
        const first = heap[0]
        if (!first || first.at > untilMs) {
          now = Math.max(now, untilMs)
          return false
        }
        pop()
        now = first.at
        first.action()
      }
    },
  }
}
