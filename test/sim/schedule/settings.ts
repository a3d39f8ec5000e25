import type { Genesis } from '../../../protocols/genesis/messages.ts'
import { createRandom, type Random } from '../../support/rounds/random.ts'
import { LIARS, mixtureOf } from '../liars/all.ts'
import type { Liar } from '../liars/liar.ts'
import { rollingLiar } from '../liars/rolling.ts'
import { cunningLiar } from '../liars/voting.ts'
import type { Machine } from '../machine.ts'

/**
 * `chaos`: everything that can go wrong, at random. `hunt`: an attacker on the wire who only holds back precommits, so that
 * views pass while votes that make a certificate are on their way: where a missing rule shows soonest. `split`: from the
 * start until peace no group of members is a quorum. `calm`: nothing goes wrong but for members that lie or are down.
 */
export const PROFILES = ['chaos', 'hunt', 'split', 'calm'] as const
export type Profile = (typeof PROFILES)[number]

export const COMMITTEES = [1, 2, 3, 4, 7, 10] as const

/** What a caller may fix; the seed decides the rest. */
export interface ScheduleOptions {
  readonly members?: number
  readonly quorum?: Genesis['quorum']
  readonly profile?: Profile
  readonly rounds?: number
  /** Whether amendments are approved on the way. */
  readonly amends?: boolean
  /** Whether some of the amendments are rollbacks. */
  readonly rollsBack?: boolean
  /** How the liars lie; null for a schedule in which nobody lies. */
  readonly liar?: Liar | null
  /** How many lie; by default no more than the committee bears. */
  readonly liars?: number
  readonly machine?: Partial<Machine>
  readonly isTraced?: boolean
}

/** Everything about one schedule that is decided before it runs. */
export interface Settings {
  readonly seed: number
  readonly members: number
  readonly quorum: Genesis['quorum']
  readonly profile: Profile
  readonly rounds: number
  readonly observers: number
  readonly policy: Partial<Genesis['round']>
  /** By index of the member. */
  readonly liars: Readonly<Record<number, Liar>>
  /** The ways to lie that these are made of. */
  readonly lies: readonly string[]
  /** Members that are down for good when peace comes. */
  readonly down: readonly number[]
  readonly chaosMs: number
  /** Amendments are approved on the way. */
  readonly isAmended: boolean
  /** Some of them are rollbacks. */
  readonly isRolledBack: boolean
}

export const VIEW_TIMEOUT_MS = 2000

/** The same for the same seed and options, for ever. */
export function settingsOf(seed: number, options: ScheduleOptions = {}): { settings: Settings; random: Random } {
  const random = createRandom(seed * 7919 + 13)
  const members = options.members ?? weighted(random, COMMITTEES, [6, 6, 16, 50, 15, 7])
  const quorum = options.quorum ?? (members < 10 && random.chance(0.15) ? 'crash' : 'byzantine')
  const faults = members - (quorum === 'byzantine' ? Math.floor((2 * members) / 3) : Math.floor(members / 2)) - 1
  const picked = options.profile ?? weighted(random, PROFILES, [62, 18, 5, 15])
  // Nobody to hunt with, nobody to split from.
  const isVoid = (picked === 'hunt' && (quorum === 'crash' || faults === 0)) || (picked === 'split' && members === 1)
  const profile = isVoid && !options.profile ? 'chaos' : picked
  const mayAmend = random.chance(0.06)
  const isAmended = options.amends ?? (options.rollsBack || mayAmend)
  // Rollbacks came later: their randomness is their own, so that schedules without them stay what they were.
  const own = createRandom(seed * 104_729 + 7)
  const isRolledBack = options.rollsBack ?? (isAmended && own.chance(0.5))
  const rounds =
    (options.rounds ?? (isAmended ? 4 : 0)) ||
    weighted(random, [1, 2, 3, 4], members > 4 ? [75, 15, 6, 4] : [60, 22, 10, 8])
  const shuffled = random.shuffle(Array.from({ length: members }, (_, i) => i))
  const mayLie = quorum === 'byzantine' && faults > 0 && options.liar !== null
  const isLying = options.liars !== undefined || options.liar !== undefined || profile === 'hunt' || random.chance(0.85)
  const count = mayLie && isLying ? (options.liars ?? random.integer(1, faults)) : (options.liars ?? 0)
  const picking = pickLiars(random, shuffled.slice(0, count), options.liar ?? null, profile)
  const { liars, lies } = isRolledBack && !options.liar && own.chance(0.5) ? rolling(picking.liars) : picking
  const left = Math.max(0, faults - count)
  const down = left > 0 && random.chance(0.4) ? shuffled.slice(count, count + random.integer(1, left)) : []
  const minContributions = random.integer(1, 2)
  const settings: Settings = {
    seed,
    members,
    quorum,
    profile,
    rounds,
    observers: isAmended || random.chance(0.1) ? 1 : 0,
    policy: {
      minContributions,
      maxContributions: random.pick([2, 8]),
      viewTimeoutMs: VIEW_TIMEOUT_MS,
      maxViews: random.pick([2, 4, 6]),
      graceMs: random.pick([0, 300]),
      historyRounds: minContributions === 1 ? 2 : 8,
      ...(isRolledBack ? { historyRounds: own.pick([3, 8]), keepRounds: 8, maxStaleness: own.integer(0, 2) } : {}),
    },
    liars,
    lies,
    down,
    isAmended,
    isRolledBack,
    chaosMs: profile === 'calm' ? 0 : random.integer(2000, 25_000),
  }
  return { settings, random }
}

function pickLiars(random: Random, indexes: readonly number[], fixed: Liar | null, profile: Profile) {
  const kinds: readonly Liar[] = fixed
    ? [fixed]
    : profile === 'hunt' && random.chance(0.7)
      ? [cunningLiar]
      : random.shuffle(LIARS).slice(0, random.chance(0.65) ? 1 : random.integer(2, 4))
  const entries = indexes.map((index) => [index, kinds.length === 1 ? random.pick(kinds) : mixtureOf(kinds, random)])
  return { liars: Object.fromEntries(entries), lies: indexes.length > 0 ? kinds.map(({ name }) => name) : [] }
}

/** The same members, who lie about rollbacks now. */
function rolling(liars: Settings['liars']) {
  const entries = Object.keys(liars).map((index) => [index, rollingLiar] as const)
  return { liars: Object.fromEntries(entries), lies: entries.length > 0 ? [rollingLiar.name] : [] }
}

function weighted<T>(random: Random, items: readonly T[], weights: readonly number[]): T {
  let at = random.next() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [i, item] of items.entries()) {
    at -= weights[i] ?? 0
    if (at < 0) return item
  }
  return random.pick(items)
}
