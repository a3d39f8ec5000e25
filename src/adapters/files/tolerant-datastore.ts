import type { LevelDatastore } from 'datastore-level'
import type { Log } from '../../ports/system.ts'
import { isLevelDamaged, openLevel } from './datastore.ts'

type Key = Parameters<LevelDatastore['put']>[0]
type Pairs = ReturnType<LevelDatastore['query']>
type Keys = ReturnType<LevelDatastore['queryKeys']>

const RETRY_MS = 1_000
/** Peers known since the disk refuses. */
const MAX_WAITING = 2_048

/**
 * The same store, whose writes don't fail: what the disk refuses is held in memory and written later. libp2p drops a connection
 * whose peer it can't save, and LevelDB refuses every write after one that failed until it is opened anew: without this, one
 * moment without space would cost a daemon all its connections until it is started again. What is kept here only helps to find peers.
 */
export function tolerantDatastore(store: LevelDatastore, directory: string, log: Log): LevelDatastore {
  /** What is not on the disk; null: deleted. */
  const waiting = new Map<string, { readonly key: Key; readonly value: Uint8Array | null }>()
  let mending: Promise<void> | null = null
  let nextTry = 0
  let isClosed = false

  const apply = async (key: Key, value: Uint8Array | null): Promise<void> => {
    if (value === null) await store.delete(key)
    else await store.put(key, value)
  }

  async function write(key: Key, value: Uint8Array | null): Promise<void> {
    await mending
    try {
      await apply(key, value)
      waiting.delete(key.toString())
    } catch (error) {
      // Opening it again to write what comes too late would leave it open.
      if (isClosed) return
      if (waiting.size < MAX_WAITING) waiting.set(key.toString(), { key, value })
      if (mending !== null || performance.now() < nextTry) return
      log.warn('peers-not-saved', { error: String(error) })
      mending = mend().finally(() => {
        nextTry = performance.now() + RETRY_MS
        mending = null
      })
    }
  }

  async function mend(): Promise<void> {
    try {
      await store.db.close()
      await openLevel(store, directory)
      for (const { key, value } of [...waiting.values()]) {
        await apply(key, value)
        waiting.delete(key.toString())
      }
    } catch (error) {
      log.warn('peers-not-saved', { error: String(error) })
    }
  }

  const isOpen = () => store.db.status === 'open'
  const held = (prefix = '') =>
    [...waiting.values()].flatMap(({ key, value }) =>
      value !== null && key.toString().startsWith(prefix) ? [{ key, value }] : [],
    )
  const isHeld = (key: Key) => waiting.has(key.toString())

  /** What can be read of a damaged table: a peer that is forgotten is found again. */
  async function* untilDamage<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
    try {
      yield* items
    } catch (error) {
      if (!isLevelDamaged(error)) throw error
      log.warn('peers-damaged', { error: String(error) })
    }
  }

  const own: Partial<LevelDatastore> = {
    put: async (key, value) => {
      await write(key, value)
      return key
    },
    delete: (key) => write(key, null),
    get: async (key, options) => {
      await mending
      const value = waiting.get(key.toString())?.value
      if (value instanceof Uint8Array) return value
      if (value === null || !isOpen()) throw unknown()
      try {
        return await store.get(key, options)
      } catch (error) {
        throw isLevelDamaged(error) ? unknown() : error
      }
    },
    has: async (key, options) => {
      await mending
      const value = waiting.get(key.toString())?.value
      if (value !== undefined) return value !== null
      return isOpen() && (await store.has(key, options))
    },
    query: (query, options): Pairs => {
      const matches = (pair: { key: Key; value: Uint8Array }) => (query.filters ?? []).every((fits) => fits(pair))
      return (async function* () {
        await mending
        yield* held(query.prefix).filter(matches)
        if (!isOpen()) return
        for await (const pair of untilDamage(store.query(query, options))) if (!isHeld(pair.key)) yield pair
      })()
    },
    queryKeys: (query, options): Keys => {
      const matches = (key: Key) => (query.filters ?? []).every((fits) => fits(key))
      return (async function* () {
        await mending
        yield* held(query.prefix).flatMap(({ key }) => (matches(key) ? [key] : []))
        if (!isOpen()) return
        for await (const key of untilDamage(store.queryKeys(query, options))) if (!isHeld(key)) yield key
      })()
    },
    close: async () => {
      isClosed = true
      await mending
      await store.close()
    },
  }
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.has(own, name) ? Reflect.get(own, name) : Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function unknown(): Error {
  return Object.assign(new Error('not found'), { name: 'NotFoundError' })
}
