import type { PendingWait, Wait } from 'coldmesh'
import { short, show } from './escape.ts'

const MAX_NAMES = 8
/** Longer ones are ids. */
const MAX_NAME = 24

/** For what, for whom, since when, until when: `contributions: 2 of 3, missing beta; for 12 s, at most 8 s more`. */
export function describeWait({ what, have, need, missing, sinceMs, untilMs }: Wait, now = Date.now()): string {
  const names = missing.slice(0, MAX_NAMES).map((name) => (name.length > MAX_NAME ? short(name) : show(name)))
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : ''
  const whom = names.length === 0 ? '' : `, missing ${names.join(', ')}${more}`
  const until = untilMs === null ? '' : `, at most ${duration(untilMs - now)} more`
  return `${show(what)}: ${have} of ${need}${whom}; for ${duration(now - sinceMs)}${until}`
}

/** Milliseconds as people say them. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** The same of what a peer waits for besides: `bases (rounds 3 to 9) from 12D3Koo...: for 12 s, next try in 1 s; last time: deadline`. */
export function describePending(
  { what, which, whom, sinceMs, untilMs, nextMs, reason }: PendingWait,
  now = Date.now(),
): string {
  const names = whom.slice(0, MAX_NAMES).map((name) => (name.length > MAX_NAME ? short(name) : show(name)))
  const more = whom.length > names.length ? ` and ${whom.length - names.length} more` : ''
  const from = names.length === 0 ? '' : ` from ${names.join(', ')}${more}`
  const until = untilMs === null ? '' : `, at most ${duration(untilMs - now)} more`
  const next = nextMs === null ? '' : `, next try in ${duration(nextMs - now)}`
  const last = reason === null ? '' : `; last time: ${show(reason, { maxLength: 120 })}`
  return `${show(what)} (${show(which, { maxLength: 100 })})${from}: for ${duration(now - sinceMs)}${until}${next}${last}`
}
