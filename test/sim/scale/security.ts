/** What committees that share the work can be sure of. */

/** Ways to choose `k` of `n`, as a logarithm. */
function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY
  let log = 0
  for (let i = 1; i <= k; i++) log += Math.log(n - k + i) - Math.log(i)
  return log
}

/** The chance that all of a group of `size`, drawn from `members` of whom `liars` lie, are liars. */
export function allLiars(members: number, liars: number, size: number): number {
  return Math.exp(logChoose(liars, size) - logChoose(members, size))
}

/**
 * The chance that `wrong` false leaves of a group of liars pass, when every honest member recomputes a share of all leaves,
 * each its own at random.
 */
export function passesChecks(wrong: number, checkers: number, share: number): number {
  return (1 - share) ** (wrong * checkers)
}

export interface SharedWork {
  readonly members: number
  /** As many as may lie. */
  readonly liars: number
  readonly groups: number
  /** Members of the smallest group. */
  readonly size: number
  readonly checkedShare: number
}

/** The chance that one false leaf ends in a base, if the liars did not choose their groups: of a union over all groups. */
export function falseLeafPasses({ members, liars, groups, size, checkedShare }: SharedWork): number {
  const bad = Math.min(1, groups * allLiars(members, liars, size))
  return bad * passesChecks(1, members - liars, checkedShare)
}
