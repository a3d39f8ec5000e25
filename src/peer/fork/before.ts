import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { readChain } from '../chain.ts'
import type { ChainEntry } from '../chain-entry.ts'
import { paths, requireConfig } from '../data-dir.ts'
import { parseNetworkCid } from '../genesis.ts'
import { readOnlyStore } from '../history/read-only-store.ts'
import { openToRead } from '../store/open-to-read.ts'
import type { ForkSource } from './check.ts'

/** A data directory of the network before; only read, so a daemon may run on it. */
export interface NetworkBefore extends AsyncDisposable {
  /** Genesis CID; null for a directory that belongs to no network. */
  readonly network: CID | null
  readonly store: ContentStore
  /** Certified bases, from round 1. */
  readonly entries: readonly ChainEntry[]
}

/** @throws ColdmeshError `bad-input` when it is no data directory */
export async function openBefore(dataDir: string): Promise<NetworkBefore> {
  const { network } = await requireConfig(dataDir)
  const { entries } = await readChain(paths.chain(dataDir))
  const store = await openToRead(dataDir)
  return {
    network: network === null ? null : parseNetworkCid(network),
    store,
    entries,
    [Symbol.asyncDispose]: () => store.stop(),
  }
}

/** What a fork is checked with, and behind it what the network before has. */
export function withBefore(source: ForkSource, before: NetworkBefore | null): ForkSource {
  if (before === null) return source
  const here = source.store
  const there = readOnlyStore(before.store)
  return {
    store: {
      ...here,
      has: async (cid) => (await here.has(cid)) || (await there.has(cid)),
      get: async (cid) => await ((await here.has(cid)) ? here : there).get(cid),
    },
    certificatesOf: async function* (base) {
      yield* source.certificatesOf(base)
      if (before.network === null || !equalCids(before.network, base.network)) return
      const entry = before.entries.find(({ round }) => round === base.round)
      if (entry !== undefined) yield entry.certificate
    },
  }
}
