import type { CID } from 'multiformats/cid'

/** A delta file that is here. */
export interface HeldDelta {
  readonly delta: CID
  readonly bytes: number
}

/** Which checkpoints are here as deltas too, since this process began: others may ask for them. */
export interface DeltaBook {
  note(checkpoint: CID, base: CID, held: HeldDelta): void
  /** @param base the weights that it is the difference from */
  of(checkpoint: CID, base: CID): HeldDelta | null
}

/** Those of a few rounds; older ones are asked for no more. */
const DEFAULT_MAX_HELD = 1024

export function createDeltaBook(): DeltaBook {
  const held = new Map<string, HeldDelta>()
  const keyOf = (checkpoint: CID, base: CID) => `${checkpoint} ${base}`
  return {
    note: (checkpoint, base, delta) => {
      held.set(keyOf(checkpoint, base), delta)
      const [oldest] = held.keys()
      if (held.size > DEFAULT_MAX_HELD && oldest !== undefined) held.delete(oldest)
    },
    of: (checkpoint, base) => held.get(keyOf(checkpoint, base)) ?? null,
  }
}
