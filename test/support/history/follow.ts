import type { SyncBase } from '../../../protocols/sync/messages.ts'
import { MAX_PAGE } from '../../../protocols/sync/messages.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import { type Chain, openChain } from '../../../src/peer/chain.ts'
import { createEmitter } from '../../../src/peer/emitter.ts'
import type { CheckedBase } from '../../../src/peer/heads.ts'
import { createFollower, type Follower } from '../../../src/peer/round/follower.ts'
import { createTermsBook } from '../../../src/peer/terms-book.ts'
import { createTroubles } from '../../../src/peer/troubles.ts'
import type { PeerEvent } from '../../../src/peer/types.ts'
import { createWaits } from '../../../src/peer/waits.ts'
import type { ContentStore } from '../../../src/ports/content-store.ts'
import { genesisHead } from '../../../src/rounds/head.ts'
import type { Head } from '../../../src/rounds/state.ts'
import { KEEPS_ALL } from '../peer/keeps-all.ts'
import type { TestChain } from './build-chain.ts'

export const NEIGHBOUR = 'a neighbour'

/** A follower at the genesis, with one neighbour that answers from a chain: no wire, all the checks and writes. */
export async function followerOf(
  chain: TestChain,
  options: {
    readonly path: string
    /** Where records go; what is fetched of a head is not looked at. */
    readonly store: ContentStore
    readonly onError?: (error: unknown) => void
    readonly onSent?: (base: SyncBase) => void
    readonly onFollowed?: (bases: readonly CheckedBase[]) => Promise<void>
    /** Rounds to serve; default those of the chain. */
    readonly baseOf?: (round: number) => Promise<SyncBase | null>
  },
): Promise<{ follower: Follower; chainFile: Chain; head: () => Head; stop: () => void }> {
  const { network, facts } = chain
  const chainFile = await openChain(options.path)
  const events = createEmitter<PeerEvent>()
  const stopped = new AbortController()
  let head = genesisHead(network, facts.weights)
  const baseOf = options.baseOf ?? ((round) => sentBase(chain, round))
  const follower = createFollower({
    context: {
      network,
      facts,
      termsAt: createTermsBook(network, chainFile).at,
      store: { ...options.store, fetch: async () => ({ blocks: 0, bytes: 0 }) },
      chain: chainFile,
      keeping: KEEPS_ALL,
      mesh: {
        self: 'self',
        addresses: () => [],
        peers: () => [{ id: NEIGHBOUR, addresses: [], score: 0 }],
        connect: async () => ({ id: NEIGHBOUR, addresses: [], score: 0 }),
        onChange: () => () => {},
        nextDial: () => null,
      },
      sync: {
        head: () => Promise.reject(new Error('not asked')),
        round: async function* () {},
        reports: async function* () {},
        approvals: async function* () {},
        evidence: async function* () {},
        delta: async () => null,
        bases: async function* (_peer, { from }) {
          for (let round = from; round < from + MAX_PAGE; round++) {
            const base = await baseOf(round)
            if (base === null) return
            options.onSent?.(base)
            yield base
          }
        },
      },
      clock: systemClock,
      log: nullLog,
      events,
      waits: createWaits({ events, clock: systemClock, log: nullLog }),
      troubles: createTroubles({ events, clock: systemClock, log: nullLog }),
      signal: stopped.signal,
    },
    current: () => head,
    enter: (checked) => {
      head = checked.head
      follower.entered()
    },
    onFollowed: options.onFollowed ?? (async () => {}),
    onError: async (_peer, error) => options.onError?.(error),
  })
  return { follower, chainFile, head: () => head, stop: () => stopped.abort() }
}

/** What a peer sends of a round; a fresh copy of the bytes each time. */
export async function sentBase(chain: TestChain, round: number): Promise<SyncBase | null> {
  const entry = chain.entries[round - 1]
  if (!entry) return null
  const { lineage } = await openBase(entry.base, chain.store.get)
  if (lineage === null) throw new Error('a base of a round has a lineage')
  const bytes = Uint8Array.from(await chain.store.get(lineage))
  return { kind: 'sync-base/1', network: chain.net.network, ...entry, lineage: bytes }
}
