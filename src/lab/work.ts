/** Kinds of work, whose pieces take about equally long each. */
export type WorkKind = 'train' | 'fuse' | 'multitask' | 'frozen' | 'few-shot' | 'full'

export interface LabProgress {
  readonly done: number
  readonly total: number
  /** What was just finished. */
  readonly what: string
  /** Estimated; null before anything was measured. */
  readonly secondsLeft: number | null
}

/** Counts what is to be done and measures what was, to say how long the rest takes. */
export interface Work {
  /** Announces pieces that are still to be done. */
  expect(kind: WorkKind, count: number): void
  /** Pieces that were finished before a restart. */
  skip(kind: WorkKind, count: number): void
  /** Does one piece and tells about it. */
  measure<T>(kind: WorkKind, what: string, piece: () => Promise<T>): Promise<T>
}

interface Tally {
  left: number
  done: number
  seconds: number
}

export function createWork(options: {
  readonly parallel: number
  readonly now: () => number
  readonly onProgress: (progress: LabProgress) => void
}): Work {
  const { parallel, now, onProgress } = options
  const tallies = new Map<WorkKind, Tally>()
  let finished = 0

  function tallyOf(kind: WorkKind): Tally {
    const tally = tallies.get(kind) ?? { left: 0, done: 0, seconds: 0 }
    tallies.set(kind, tally)
    return tally
  }

  function secondsLeft(): number | null {
    const all = [...tallies.values()]
    const done = all.reduce((sum, tally) => sum + tally.done, 0)
    if (done === 0) return null
    const average = all.reduce((sum, tally) => sum + tally.seconds, 0) / done
    const rest = all.reduce((sum, { left, done, seconds }) => sum + left * (done === 0 ? average : seconds / done), 0)
    return rest / parallel
  }

  return {
    expect: (kind, count) => {
      tallyOf(kind).left += count
    },
    skip: (kind, count) => {
      tallyOf(kind).left -= count
      finished += count
    },
    measure: async (kind, what, piece) => {
      const from = now()
      const result = await piece()
      const tally = tallyOf(kind)
      tally.left -= 1
      tally.done += 1
      tally.seconds += (now() - from) / 1000
      finished += 1
      const left = [...tallies.values()].reduce((sum, other) => sum + other.left, 0)
      onProgress({ done: finished, total: finished + left, what, secondsLeft: secondsLeft() })
      return result
    },
  }
}
