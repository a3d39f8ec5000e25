import type { ColdmeshError } from '../../ports/errors.ts'

const SHOWN = 10

/** What is wrong with a dataset, in words. */
export interface Problem {
  readonly kind: string
  readonly message: string
  readonly hint: string | null
}

export interface Problems {
  readonly count: number
  readonly kinds: readonly { readonly kind: string; readonly count: number }[]
  /** The first ones, of each kind at least one. */
  readonly first: readonly Problem[]
}

export function createProblemList() {
  const counts = new Map<string, number>()
  const first: Problem[] = []
  return {
    add(error: ColdmeshError): void {
      const kind = String(error.facts['kind'] ?? 'file')
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      if (first.length < SHOWN || count === 1) first.push({ kind, message: error.message, hint: error.hint ?? null })
    },
    problems: (): Problems => ({
      count: [...counts.values()].reduce((sum, count) => sum + count, 0),
      kinds: [...counts].map(([kind, count]) => ({ kind, count })),
      first,
    }),
  }
}
