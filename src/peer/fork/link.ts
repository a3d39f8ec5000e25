import type { CID } from 'multiformats/cid'
import { equalCids, parseCid } from '../../../protocols/wire/bytes.ts'
import { MAX_FRAME_BYTES } from '../../../protocols/wire/limits.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { PeerContext } from '../context.ts'
import { readOnlyStore } from '../history/read-only-store.ts'
import { createSyncClient } from '../sync/client.ts'
import { checkFork } from './check.ts'
import { writeForkCertificate } from './record.ts'
import type { ForkStatus } from './types.ts'

const BLOCK_TIMEOUT_MS = 10_000
/** Directories and lineages that one attempt fetches: two a round. */
const MAX_BLOCKS = 4096
const RETRY_MS = 60_000

/** The base that this network began as, for whoever asks. */
export interface ForkProof {
  readonly network: CID
  readonly round: number
  readonly base: CID
  readonly certificate: Uint8Array
}

/** Where this network comes from, if it is a fork: checked with what is here, and with what peers have. */
export interface ForkLink {
  /** Null for a network that is no fork. */
  readonly status: ForkStatus | null
  readonly proof: ForkProof | null
  /** Checks, and asks each peer that comes until it is known; until the peer stops. */
  start(): void
}

type LinkContext = Pick<PeerContext, 'dataDir' | 'network' | 'store' | 'streams' | 'mesh' | 'clock' | 'log' | 'signal'>

/** @param known the certificate that the data directory has, if any */
export function createForkLink(context: LinkContext, known: Uint8Array | null): ForkLink {
  const { network, mesh, clock, log, signal } = context
  const { forkOf } = network.genesis
  let certificate = known
  let status: ForkStatus | null =
    forkOf === null
      ? null
      : { of: String(forkOf), network: null, round: null, state: 'unchecked', reason: 'not looked at yet' }
  let isRunning = false

  async function check(store: ContentStore, ask: boolean): Promise<ForkStatus | null> {
    const source = {
      store: readOnlyStore(store, signal),
      certificateOf: async (base: { network: CID; round: number }) => {
        if (certificate === null && ask) certificate = await askForCertificate(context, base)
        return certificate
      },
    }
    return await checkFork(network, source)
  }

  async function attempt(): Promise<void> {
    if (isRunning || signal.aborted || status?.state !== 'unchecked') return
    isRunning = true
    const had = certificate
    try {
      const here = await check(context.store, false)
      const isAsking = here?.state === 'unchecked' && mesh.peers().length > 0
      status = isAsking ? await check(fetchingStore(context), true) : here
      if (certificate !== null && certificate !== had) {
        // What certifies nothing is not kept: another peer may have the right one.
        if (status?.state === 'verified') await writeForkCertificate(context.dataDir, certificate)
        else certificate = had
      }
      log.info('fork', { ...status })
    } catch (error) {
      if (!signal.aborted) log.warn('fork-not-checked', { error: String(error) })
    } finally {
      isRunning = false
      if (status?.state === 'unchecked' && !signal.aborted) {
        signal.addEventListener(
          'abort',
          clock.after(RETRY_MS, () => void attempt()),
          { once: true },
        )
      }
    }
  }

  return {
    get status() {
      return status
    },
    get proof() {
      const old = status?.network === null || status === null ? null : parseCid(status.network)
      if (old === null || forkOf === null || certificate === null || status === null || status.round === null)
        return null
      return status.state === 'verified' ? { network: old, round: status.round, base: forkOf, certificate } : null
    },
    start: () => {
      if (forkOf === null) return
      const unwatch = mesh.onChange(({ connected }) => {
        if (connected) void attempt()
      })
      signal.addEventListener('abort', unwatch, { once: true })
      void attempt()
    },
  }
}

/** From whoever is connected and began at the same base. */
async function askForCertificate(
  { network, streams, mesh, log, signal }: LinkContext,
  base: { readonly network: CID; readonly round: number },
): Promise<Uint8Array | null> {
  const { forkOf } = network.genesis
  const sync = createSyncClient(streams, base.network)
  for (const { id } of mesh.peers()) {
    try {
      for await (const answer of sync.bases(id, base.round, signal)) {
        if (equalCids(answer.base, forkOf)) return answer.certificate
        break
      }
    } catch (error) {
      if (signal.aborted || !isColdmeshError(error)) throw error
      log.debug('fork-not-answered', { peer: id, error: String(error) })
    }
  }
  return null
}

/** Asks peers for what is not here; each block once, and not without end. */
function fetchingStore({ store, signal }: LinkContext): ContentStore {
  let left = MAX_BLOCKS
  return {
    ...store,
    has: (cid) => store.has(cid),
    get: async (cid) => {
      if (!(await store.has(cid))) {
        if (left-- <= 0) throw missing(cid, 'there are too many')
        const limits = { shape: 'block', maxBytes: MAX_FRAME_BYTES, timeoutMs: BLOCK_TIMEOUT_MS, signal } as const
        try {
          await store.fetch(cid, limits)
        } catch (error) {
          if (signal.aborted || !isColdmeshError(error)) throw error
          throw missing(cid, error.message)
        }
      }
      return await store.get(cid)
    },
  }
}

function missing(cid: CID, why: string): ColdmeshError {
  return new ColdmeshError('block-missing', `Block ${cid} is not here: ${why}`, { facts: { cid: String(cid) } })
}
