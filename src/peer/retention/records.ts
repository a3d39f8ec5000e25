import type { CID } from 'multiformats/cid'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { openBase } from '../../checkpoint/base.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { Network } from '../../rounds/network.ts'
import type { Chain } from '../chain.ts'

/**
 * Directories, cards and lineages: they stay for ever, also when somebody offers one of them as his weights. A few dozen bytes each:
 * a collision of the prefix that is kept of a name keeps a block that might go.
 */
export interface Records {
  has(cid: CID): boolean
  /** Reads the directories of the rounds that came since the last time. */
  update(): Promise<void>
}

export function createRecords(options: {
  readonly network: Network
  readonly chain: Pick<Chain, 'entries'>
  readonly store: Pick<ContentStore, 'get'>
}): Records {
  const { network, chain, store } = options
  const get = (cid: CID) => store.get(cid)
  const known = new Set<number>()
  let read = 0
  const add = (cid: CID | null) => cid !== null && known.add(keyOf(cid))

  /** @returns the lineage; null where a record is not here */
  async function addBase(base: CID): Promise<CID | null> {
    add(base)
    try {
      const { card, lineage } = await openBase(base, get)
      add(card)
      add(lineage)
      return lineage
    } catch (error) {
      if (isColdmeshError(error) && error.code !== 'refused') return null
      throw error
    }
  }

  /** Of the network that this one is a fork of, as far back as they are here. */
  async function addForkHistory(): Promise<void> {
    for (let base = network.genesis.forkOf; base !== null; ) {
      const lineage: CID | null = await addBase(base)
      if (lineage === null) return
      const read = lineageDeclaration.decode(await get(lineage))
      add(read.network)
      base = read.parent
    }
  }

  return {
    has: (cid) => known.has(keyOf(cid)),
    update: async () => {
      if (known.size === 0) {
        await addForkHistory()
        add(network.id)
      }
      for (const { base } of chain.entries.slice(read)) {
        await addBase(base)
        read++
      }
    },
  }
}

/** 48 bits of the digest. */
function keyOf(cid: CID): number {
  return Buffer.from(cid.multihash.digest).readUIntBE(0, 6)
}
