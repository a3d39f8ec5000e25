import type { CID } from 'multiformats/cid'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Retention } from '../../ports/retention.ts'

/** Which blocks must not be deleted now. Everything but `touch` takes effect at once. */
export interface InUse extends Pick<Retention, 'pin' | 'pinStored' | 'hold'> {
  /** Begins to watch what is in use, for one sweep. */
  watch(): Watch
  /** Runs the deletion of blocks; whoever touches one meanwhile waits until it is over. */
  deleting<T>(cids: readonly CID[], work: () => Promise<T>): Promise<T>
  /** A block is about to be read or written. */
  touch(cid: CID, how: 'read' | 'stored'): Promise<void>
}

/** What was in use at any moment since it began: who is done meanwhile may have made it something that stays. */
export interface Watch extends Disposable {
  /** Of all pins. */
  readonly roots: readonly CID[]
  /** Whether somebody reads or writes this block, or stored it for content that is still being made. */
  isTouched(cid: CID): boolean
  readonly isHeld: boolean
}

/** A block by its digest: two CIDs of one digest share a file. */
export const keyOfBlock = (cid: CID): string => Buffer.from(cid.multihash.digest).toString('latin1')

export function createInUse(): InUse {
  const pins = new Set<readonly CID[]>()
  const stored = new Set<Set<string>>()
  const watches = new Set<{ readonly roots: CID[]; readonly stored: Set<Set<string>>; readonly touched: Set<string> }>()
  const deletions = new Map<string, Promise<unknown>>()
  let holds = 0

  return {
    pin: (...roots) => {
      pins.add(roots)
      for (const watch of watches) watch.roots.push(...roots)
      return { [Symbol.dispose]: () => void pins.delete(roots) }
    },
    pinStored: () => {
      const keys = new Set<string>()
      stored.add(keys)
      return { [Symbol.dispose]: () => void stored.delete(keys) }
    },
    hold: () => {
      let isOver = false
      holds++
      return {
        [Symbol.dispose]: () => {
          if (!isOver) holds--
          isOver = true
        },
      }
    },
    watch: () => {
      const watch = { roots: [...pins].flat(), stored: new Set(stored), touched: new Set<string>() }
      watches.add(watch)
      return {
        roots: watch.roots,
        isTouched: (cid) => {
          const key = keyOfBlock(cid)
          return watch.touched.has(key) || watch.stored.values().some((keys) => keys.has(key))
        },
        get isHeld() {
          return holds > 0
        },
        [Symbol.dispose]: () => void watches.delete(watch),
      }
    },
    deleting: async (cids, work) => {
      const keys = cids.map(keyOfBlock)
      const deletion = work()
      const ended = deletion.catch(() => {})
      for (const key of keys) deletions.set(key, ended)
      try {
        return await deletion
      } finally {
        for (const key of keys) deletions.delete(key)
      }
    },
    touch: async (cid, how) => {
      const key = keyOfBlock(cid)
      for (const { touched } of watches) touched.add(key)
      if (how === 'stored') for (const keys of stored) keys.add(key)
      await deletions.get(key)
    },
  }
}

/** The same blocks; whoever uses them keeps them from being deleted. */
export function guardBlocks(local: LocalBlocks, inUse: InUse): LocalBlocks {
  const reading =
    <T, R extends unknown[]>(read: (cid: CID, ...rest: R) => Promise<T>) =>
    async (cid: CID, ...rest: R): Promise<T> => {
      await inUse.touch(cid, 'read')
      return await read(cid, ...rest)
    }
  return {
    has: reading(local.has),
    get: reading(local.get),
    take: reading(local.take),
    delete: local.delete,
    put: async (cid, block) => {
      await inUse.touch(cid, 'stored')
      await local.put(cid, block)
    },
    accept: async (cid, block) => {
      await inUse.touch(cid, 'stored')
      await local.accept(cid, block)
    },
  }
}
