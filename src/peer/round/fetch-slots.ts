/** Lets a few fetches run at once; of those that wait, the one with the fewest tries behind it is next. */
export type WithSlot = <T>(tries: number, work: () => Promise<T>) => Promise<T>

/** What was never tried goes before what failed: contributions without bytes keep no others waiting. */
export function createFetchSlots(max: number): WithSlot {
  const waiting: { readonly tries: number; readonly begin: () => void }[] = []
  let running = 0

  function release(): void {
    const fewest = Math.min(...waiting.map(({ tries }) => tries))
    const next = waiting.findIndex(({ tries }) => tries === fewest)
    // The slot goes from hand to hand: nobody slips in between.
    if (next >= 0) waiting.splice(next, 1)[0]?.begin()
    else running--
  }

  return async (tries, work) => {
    if (running < max) running++
    else await new Promise<void>((begin) => waiting.push({ tries, begin }))
    try {
      return await work()
    } finally {
      release()
    }
  }
}
