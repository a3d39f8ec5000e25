import { toHex } from '../../protocols/wire/bytes.ts'
import type { Recorded } from './disk.ts'

/** Counts who is in a later view, for one host in one round: what its machine should have concluded from what it heard. */
export interface Lookout {
  note(message: Recorded['message']): void
  /** The latest view that so many members are in, or beyond. */
  reachedBy(members: number): number
}

export function createLookout(): Lookout {
  const views = new Map<string, number>()
  return {
    note: (message) => {
      if (message.kind === 'contribution/1' || message.kind === 'list/1') return
      const author = toHex(message.author)
      views.set(author, Math.max(views.get(author) ?? -1, message.view))
    },
    reachedBy: (members) => [...views.values()].sort((a, b) => b - a)[members - 1] ?? -1,
  }
}
