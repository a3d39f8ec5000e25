import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { Random } from '../support/rounds/random.ts'

/** What links do to messages: latency in virtual milliseconds, probabilities of loss and of arriving twice. */
export interface Link {
  readonly minMs: number
  readonly maxMs: number
  readonly drop: number
  readonly duplicate: number
  /** How likely messages of a kind come so late that timers have run out: what an attacker on the wire would pick. */
  readonly late?: Partial<Record<RoundMessage['kind'], number>>
}

export const CALM: Link = { minMs: 1, maxMs: 20, drop: 0, duplicate: 0 }

const LATEST_MS = 10_000

type Kind = RoundMessage['kind'] | 'contribution/1'

/** Everything between hosts. What is sent in order may arrive in any. */
export interface Wires {
  /** Of all links but those that have their own. */
  link: Link
  /** Messages that a test keeps from a host. */
  cut: (signed: Signed<RoundMessage>, to: number) => boolean
  /** Splits the hosts; those in no group are alone. */
  partition(...groups: readonly (readonly number[])[]): void
  /** Nothing arrives from this host at that one; the other way all is well. */
  block(from: number, to: number): void
  /** Gives one direction between two hosts its own link. */
  set(from: number, to: number, link: Link): void
  /** Ends splits, blocks and links of their own. */
  heal(): void
  /** Whether what one host sends reaches the other. */
  isOpen(from: number, to: number): boolean
  latency(from: number, to: number): number
  /** When each copy of a message arrives, in milliseconds from now; none when it is lost. */
  delays(from: number, to: number, kind: Kind): readonly number[]
}

export function createWires(random: Random, initial: Link): Wires {
  const blocked = new Set<string>()
  const links = new Map<string, Link>()
  let groupOf: ((index: number) => number) | null = null
  let link = initial
  const name = (from: number, to: number) => `${from}>${to}`
  const linkOf = (from: number, to: number) => (links.size > 0 && links.get(name(from, to))) || link
  const latency = (from: number, to: number) => {
    const { minMs, maxMs } = linkOf(from, to)
    return random.integer(minMs, maxMs)
  }
  return {
    get link() {
      return link
    },
    set link(next) {
      link = next
    },
    cut: () => false,
    partition: (...groups) => {
      const places = new Map(groups.flatMap((group, i) => group.map((index) => [index, i] as const)))
      groupOf = (index) => places.get(index) ?? -1 - index
    },
    block: (from, to) => {
      blocked.add(name(from, to))
    },
    set: (from, to, own) => {
      links.set(name(from, to), own)
    },
    heal: () => {
      groupOf = null
      blocked.clear()
      links.clear()
    },
    isOpen: (from, to) =>
      (groupOf === null || groupOf(from) === groupOf(to)) && (blocked.size === 0 || !blocked.has(name(from, to))),
    latency,
    delays: (from, to, kind) => {
      const { drop, duplicate, late } = linkOf(from, to)
      if (random.chance(drop)) return []
      const delay = () => {
        const isLate = kind !== 'contribution/1' && random.chance(late?.[kind] ?? 0)
        return latency(from, to) + (isLate ? random.integer(0, LATEST_MS) : 0)
      }
      return random.chance(duplicate) ? [delay(), delay()] : [delay()]
    },
  }
}
