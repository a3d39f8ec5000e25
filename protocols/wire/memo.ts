/** Remembers the newest `maxEntries` answers; the oldest one goes first. For answers that never change. */
export interface Memo<V> {
  readonly size: number
  get(key: string): V | undefined
  set(key: string, value: V): void
}

export function createMemo<V>(maxEntries: number): Memo<V> {
  const entries = new Map<string, V>()
  /** Keys as they came, round and round: a Map that loses its first key again and again is slow to say which is first. */
  const keys: string[] = []
  let oldest = 0
  return {
    get size() {
      return entries.size
    },
    get: (key) => entries.get(key),
    set: (key, value) => {
      if (!entries.has(key)) {
        if (keys.length === maxEntries) entries.delete(keys[oldest] ?? '')
        keys[oldest] = key
        oldest = (oldest + 1) % maxEntries
      }
      entries.set(key, value)
    },
  }
}
