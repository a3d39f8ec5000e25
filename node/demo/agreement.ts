import { CliError } from '../failure.ts'
import { MAX_ROUND_MS } from './settings.ts'

export interface Agreement {
  /** A peer says which base a round ended with. */
  hold(peer: string, round: number, base: string): void
  /** Resolves with the base once every peer holds the same one for `round`. */
  reached(round: number): Promise<string>
}

/** Watches that all of `peers` end each round with the same base. @throws CliError `not-valid` on the first difference */
export function createAgreement(peers: readonly string[]): Agreement {
  const rounds = new Map<number, { held: Map<string, string>; all: PromiseWithResolvers<string> }>()
  const of = (round: number) => {
    const known = rounds.get(round)
    if (known !== undefined) return known
    const made = { held: new Map<string, string>(), all: Promise.withResolvers<string>() }
    made.all.promise.catch(() => {})
    rounds.set(round, made)
    return made
  }
  return {
    hold: (peer, round, base) => {
      const { held, all } = of(round)
      held.set(peer, base)
      const other = [...held].find(([, theirs]) => theirs !== base)
      if (other !== undefined) {
        all.reject(new CliError('not-valid', `In round ${round} ${peer} holds ${base}, and ${other[0]} ${other[1]}.`))
      } else if (peers.every((name) => held.has(name))) {
        all.resolve(base)
      }
    },
    reached: (round) => of(round).all.promise,
  }
}

/** `work`, unless a round's time is over, a daemon fails, or Ctrl-C comes first. */
export async function withinRound<T>(
  work: Promise<T>,
  {
    round,
    failed,
    waits,
    signal,
  }: {
    round: number
    failed: Promise<never>
    waits: () => Promise<string[]>
    signal: AbortSignal
  },
): Promise<T> {
  const timer = Promise.withResolvers<never>()
  const timeout = setTimeout(async () => {
    const hint = (await waits()).join('\n')
    timer.reject(new CliError('deadline', `Round ${round} took longer than ${MAX_ROUND_MS / 1000} s.`, { hint }))
  }, MAX_ROUND_MS)
  const interrupted = (): void => timer.reject(signal.reason)
  signal.addEventListener('abort', interrupted, { once: true })
  try {
    return await Promise.race([work, failed, timer.promise])
  } finally {
    clearTimeout(timeout)
    signal.removeEventListener('abort', interrupted)
  }
}
