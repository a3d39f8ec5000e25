const MAX_DOUBLINGS = 3
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000
/** Then what no member lists is tried seldom: an announcement alone must not keep us busy, nor be given up while a round lacks it. */
const UNLISTED_TRIES = 4
const UNLISTED_RETRY_MS = 60_000

/** How many times longer than the first the so-manieth try for a checkpoint or a base may take: a link may be slower than the network's rules expect. */
export function patienceOf(tries: number): number {
  return 2 ** Math.min(Math.max(0, tries - 1), MAX_DOUBLINGS)
}

/** When a checkpoint that nobody gave is tried again, after so many tries. */
export function retryAfterMs({ tries, isListed }: { readonly tries: number; readonly isListed: boolean }): number {
  if (!isListed && tries >= UNLISTED_TRIES) return UNLISTED_RETRY_MS
  return Math.min(FIRST_RETRY_MS * 2 ** (tries - 1), LAST_RETRY_MS)
}
