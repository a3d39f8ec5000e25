import type { BadLink, Failure } from './bad-link.ts'

/** More are not told: a history can be made of wrong links alone. */
const MAX_FAILURES = 2_000

export interface Failures {
  /** Oldest round first. */
  readonly all: readonly Failure[]
  add(round: number, bad: BadLink): void
}

/** Each finding once, in the order in which they were made. */
export function createFailures(): Failures {
  const all: Failure[] = []
  const known = new Set<string>()
  return {
    all,
    add: (round, { link, reason }) => {
      if (all.length > MAX_FAILURES) return
      const name = `${round} ${link} ${reason}`
      if (known.has(name)) return
      known.add(name)
      if (all.length < MAX_FAILURES) all.push({ round, link, reason })
      else all.push({ round, link, reason: `${reason} More is wrong from here on, and not told.` })
    },
  }
}
