/** Remembers the newest `maxEntries` answers; the oldest one goes first. For answers that never change. */
export interface Memo<V> {
  readonly size: number
  get(key: string): V | undefined
  set(key: string, value: V): void
}

export function createMemo<V>(maxEntries: number): Memo<V> {
  const entries = new Map<string, V>()
  return {
    get size() {
      return entries.size
    },
    get: (key) => entries.get(key),
    set: (key, value) => {
      if (entries.size >= maxEntries && !entries.has(key)) entries.delete(entries.keys().next().value ?? '')
      entries.set(key, value)
    },
  }
}
