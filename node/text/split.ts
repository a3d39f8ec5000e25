import type { SplitStatus } from 'coldmesh'
import { short, show } from './escape.ts'

/** What a split committee looks like to one peer, and what it does about it. */
export function splitLine({ round, base, other, members, seenMs }: SplitStatus): string {
  const who =
    members.length === 0 ? 'nobody signed both' : `both signed by ${members.map((name) => show(name)).join(', ')}`
  return (
    `SPLIT: round ${round} has two certified bases, ${short(base)} and ${short(other)}, ${who}; seen ${new Date(seenMs).toISOString()}. ` +
    `This peer keeps ${short(base)} and signs nothing: docs/operating.md, "A split"`
  )
}
