/** Virtual time: things happen one after the other, in the order of their times, and of their arrival when times are equal. */
export interface Agenda {
  /** Milliseconds since the agenda was made. */
  readonly now: number
  after(delayMs: number, action: () => void | Promise<void>): void
  /** Does what is due, each to its end, until `done` holds, nothing is left, or `untilMs` is reached. Returns whether `done` holds. */
  run(untilMs: number, done: () => boolean): Promise<boolean>
}

interface Entry {
  readonly at: number
  readonly action: () => void | Promise<void>
}

export function createAgenda(): Agenda {
  const entries: Entry[] = []
  let now = 0
  return {
    get now() {
      return now
    },
    after: (delayMs, action) => {
      const at = now + delayMs
      const place = entries.findLastIndex((entry) => entry.at <= at) + 1
      entries.splice(place, 0, { at, action })
    },
    run: async (untilMs, done) => {
      while (!done()) {
        const next = entries[0]
        if (next === undefined || next.at > untilMs) return false
        entries.shift()
        now = next.at
        await next.action()
      }
      return true
    },
  }
}
