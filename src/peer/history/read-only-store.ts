import type { CID } from 'multiformats/cid'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'

/** @throws ColdmeshError `aborted` */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ColdmeshError('aborted', 'The caller stopped this.', { cause: signal.reason })
}

/**
 * A store to check a history with: writes nothing, fetches nothing, stops between two blocks when `signal` says so.
 * What it throws for a block names it in `facts.block`.
 */
export function readOnlyStore(store: ContentStore, signal?: AbortSignal): ContentStore {
  const refuse = async (): Promise<never> => {
    throw new Error('a check of the history changes no store')
  }
  return {
    has: (cid) => store.has(cid),
    get: (cid) => {
      checkSignal(signal)
      return getNamed(store, cid)
    },
    put: refuse,
    delete: refuse,
    fetch: refuse,
  }
}

async function getNamed(store: ContentStore, cid: CID): Promise<Uint8Array> {
  try {
    return await store.get(cid)
  } catch (error) {
    if (!(error instanceof ColdmeshError)) throw error
    throw new ColdmeshError(error.code, error.message, {
      facts: { ...error.facts, block: String(cid) },
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}
