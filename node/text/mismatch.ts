import type { MismatchStatus } from 'coldmesh'
import { short, show } from './escape.ts'

/** What this machine got from the same inputs, and where it begins to differ. */
export function mismatchLine({ round, view, by, base, own, difference, reason, file }: MismatchStatus): string {
  const where =
    difference === null
      ? show(reason ?? '?')
      : `${difference.tensor === null ? 'byte' : `tensor ${show(difference.tensor, { maxLength: 80 })}, element`} ${difference.index}: ` +
        `${show(difference.own)} here, ${show(difference.proposed)} there`
  return (
    `mismatch: ${show(by)} proposed ${short(base)} in round ${round}, view ${view}, and this machine gets ${short(own)} ` +
    `from the same inputs (${where}); ${show(file, { maxLength: 400 })}`
  )
}
