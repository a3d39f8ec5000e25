import type { ForkStatus } from 'coldmesh'
import { short, show } from './escape.ts'

/** What a split committee looks like to one peer, and what it does about it. */
export function forkLine({ round, base, other, members, seenMs }: ForkStatus): string {
  const who =
    members.length === 0 ? 'nobody signed both' : `both signed by ${members.map((name) => show(name)).join(', ')}`
  return (
    `FORK: round ${round} has two certified bases, ${short(base)} and ${short(other)}, ${who}; seen ${new Date(seenMs).toISOString()}. ` +
    `This peer keeps ${short(base)} and signs nothing: docs/operating.md, "A fork"`
  )
}
