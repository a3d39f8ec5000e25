import type { CID } from 'multiformats/cid'
import type { Chain } from '../chain.ts'

/** The rounds of certified bases, 0 for the genesis'. `entries` may grow. */
export function createRoundOf(genesisBase: CID, { entries }: Pick<Chain, 'entries'>): (base: CID) => number | null {
  const rounds = new Map([[String(genesisBase), 0]])
  let read = 0
  return (base) => {
    for (; read < entries.length; read++) {
      const entry = entries[read]
      if (entry !== undefined) rounds.set(String(entry.base), entry.round)
    }
    return rounds.get(String(base)) ?? null
  }
}
