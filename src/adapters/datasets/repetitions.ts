/** More rows than this are not compared. */
const MAX_COMPARED = 2_000_000

export interface Repetitions {
  /** Rows whose texts came before. */
  readonly copies: number
  /** Of those, rows with another label than before. */
  readonly contradictions: number
  /** The first such row: where it is. */
  readonly firstContradiction: number | null
  readonly isComplete: boolean
}

/** Rows that say the same, by a key of their texts and the name of their label. */
export function createRepetitionCounter() {
  const labels = new Map<number, string>()
  let copies = 0
  let contradictions = 0
  let firstContradiction: number | null = null
  let isComplete = true
  return {
    add(key: number, label: string, line: number): void {
      const before = labels.get(key)
      if (before === undefined) {
        if (labels.size < MAX_COMPARED) labels.set(key, label)
        else isComplete = false
        return
      }
      copies++
      if (before === label) return
      contradictions++
      firstContradiction ??= line
    },
    repetitions: (): Repetitions => ({ copies, contradictions, firstContradiction, isComplete }),
  }
}
