/** Rounds whose details are told where nobody says how many, besides those in which something is wrong. */
const DEFAULT_DETAILS = 6
/** Of rounds in which something is wrong: a report stays as small as a history is long. */
const MAX_BAD = 100

/**
 * Which of so many rounds are told in detail: the oldest, the newest, and the first in which something is wrong.
 * @returns asked for each round once, oldest first; `index` counts from 0
 */
export function createTelling(total: number, details = DEFAULT_DETAILS): (index: number, isBad: boolean) => boolean {
  let bad = 0
  const oldest = Math.floor(details / 2)
  const newest = total - Math.ceil(details / 2)
  return (index, isBad) => {
    if (isBad) bad += 1
    return index < oldest || index >= newest || (isBad && bad <= MAX_BAD)
  }
}
