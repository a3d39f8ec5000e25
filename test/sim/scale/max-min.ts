/** A transfer between two peers, by their numbers. */
export interface Flow {
  readonly from: number
  readonly to: number
}

/** Bytes a second that each peer can send and receive. */
export interface Links {
  readonly up: Float64Array
  readonly down: Float64Array
}

/** Which link holds a flow back. */
export type Bottleneck = 'up' | 'down'

/**
 * Max-min fair rates (Bertsekas and Gallager, Data Networks, 6.5.2): the scarcest link shares itself equally among its
 * flows; they are set, what they take elsewhere is taken off there, and so on. In bytes a second, in the order of the flows.
 */
export function maxMinRates(
  flows: readonly Flow[],
  { up, down }: Links,
): { readonly rates: Float64Array; readonly heldBy: readonly Bottleneck[] } {
  const peers = up.length
  const left = new Float64Array(2 * peers)
  left.set(up)
  left.set(down, peers)
  const flowsOf: number[][] = Array.from({ length: 2 * peers }, () => [])
  for (const [i, { from, to }] of flows.entries()) {
    flowsOf[from]?.push(i)
    flowsOf[peers + to]?.push(i)
  }
  const count = Int32Array.from(flowsOf, (list) => list.length)
  const rates = new Float64Array(flows.length).fill(-1)
  const heldBy: Bottleneck[] = flows.map(() => 'up')
  const heap = createHeap()
  const push = (link: number) => {
    const sharers = count[link] ?? 0
    if (sharers > 0) heap.push((left[link] ?? 0) / sharers, link)
  }
  for (let link = 0; link < 2 * peers; link++) push(link)
  for (let top = heap.pop(); top !== null; top = heap.pop()) {
    const [share, link] = top
    const sharers = count[link] ?? 0
    // An entry from before others were set: a newer one is in the heap.
    if (sharers === 0 || share < ((left[link] ?? 0) / sharers) * (1 - 1e-12)) continue
    for (const i of flowsOf[link] ?? []) {
      const flow = flows[i]
      if (!flow || (rates[i] ?? 0) >= 0) continue
      rates[i] = share
      heldBy[i] = link < peers ? 'up' : 'down'
      for (const one of [flow.from, peers + flow.to]) {
        left[one] = Math.max(0, (left[one] ?? 0) - share)
        count[one] = (count[one] ?? 0) - 1
        if (one !== link) push(one)
      }
    }
  }
  return { rates, heldBy }
}

/** Smallest key first. */
export function createHeap() {
  const keys: number[] = []
  const values: number[] = []
  const keyAt = (i: number) => keys[i] ?? Number.POSITIVE_INFINITY
  const swap = (i: number, j: number) => {
    ;[keys[i], keys[j]] = [keyAt(j), keyAt(i)]
    ;[values[i], values[j]] = [values[j] ?? 0, values[i] ?? 0]
  }
  return {
    push(key: number, value: number): void {
      let i = keys.push(key) - 1
      values.push(value)
      for (let parent = (i - 1) >> 1; i > 0 && keyAt(parent) > keyAt(i); parent = (i - 1) >> 1) {
        swap(i, parent)
        i = parent
      }
    },
    pop(): readonly [key: number, value: number] | null {
      if (keys.length === 0) return null
      swap(0, keys.length - 1)
      const top = [keys.pop() ?? 0, values.pop() ?? 0] as const
      for (let i = 0; ; ) {
        const smaller = keyAt(2 * i + 2) < keyAt(2 * i + 1) ? 2 * i + 2 : 2 * i + 1
        if (keyAt(smaller) >= keyAt(i)) return top
        swap(i, smaller)
        i = smaller
      }
    },
  }
}
