import type { Outcome } from '../schedule/run-schedule.ts'

export interface FoundViolation {
  readonly seed: number
  readonly violations: readonly string[]
  readonly properties: readonly string[]
  readonly about: string
}

/** What came out of many schedules, in numbers that can be added up. */
export interface Tally {
  schedules: number
  rounds: number
  /** Virtual time that was simulated, in milliseconds. */
  virtualMs: number
  /** Schedules by what was in them. A schedule with two kinds of liars counts for both. */
  readonly by: Record<'members' | 'quorum' | 'profile' | 'liars', Record<string, number>>
  readonly found: FoundViolation[]
}

export function createTally(): Tally {
  return { schedules: 0, rounds: 0, virtualMs: 0, by: { members: {}, quorum: {}, profile: {}, liars: {} }, found: [] }
}

const AXES = ['members', 'quorum', 'profile', 'liars'] as const

export function addOutcome(tally: Tally, { settings, violations, rounds, lastedMs }: Outcome): void {
  const { seed, members, quorum, profile, lies } = settings
  tally.schedules++
  tally.rounds += rounds
  tally.virtualMs += lastedMs
  const count = (axis: (typeof AXES)[number], key: string) => {
    tally.by[axis][key] = (tally.by[axis][key] ?? 0) + 1
  }
  count('members', String(members))
  count('quorum', quorum)
  count('profile', profile)
  for (const name of lies.length > 0 ? lies : ['none']) count('liars', name)
  if (violations.length === 0) return
  tally.found.push({
    seed,
    violations: violations.map(({ property, what }) => `${property}: ${what}`),
    properties: [...new Set(violations.map(({ property }) => property))],
    about: `${members} members, ${quorum} quorum, ${profile}, ${settings.rounds} rounds, liars: ${lies.join(' and ') || 'none'}`,
  })
}

export function addTally(sum: Tally, { schedules, rounds, virtualMs, by, found }: Tally): void {
  sum.schedules += schedules
  sum.rounds += rounds
  sum.virtualMs += virtualMs
  for (const axis of AXES)
    for (const [key, count] of Object.entries(by[axis])) sum.by[axis][key] = (sum.by[axis][key] ?? 0) + count
  sum.found.push(...found)
  sum.found.sort((a, b) => a.seed - b.seed)
}
