import type { Comparator } from '../../fusion/sorting-network.ts'

/** What of a network the ranks in [from, to) depend on. */
export function pruneNetwork(network: readonly Comparator[], from: number, to: number): readonly Comparator[] {
  const needed = new Set(Array.from({ length: to - from }, (_, index) => from + index))
  const kept: Comparator[] = []
  for (const comparator of network.toReversed()) {
    if (!comparator.some((rank) => needed.has(rank))) continue
    kept.push(comparator)
    for (const rank of comparator) needed.add(rank)
  }
  return kept.reverse()
}

/** The ranks [from, to) that a median is the mean of. */
export function middle(count: number): { readonly from: number; readonly to: number } {
  return { from: Math.floor((count - 1) / 2), to: Math.floor(count / 2) + 1 }
}
