import type { CID } from 'multiformats/cid'
import { equalCids, parseCid } from '../../../protocols/wire/bytes.ts'
import { MAX_FRAME_BYTES } from '../../../protocols/wire/limits.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { PeerContext } from '../context.ts'
import { readOnlyStore } from '../history/read-only-store.ts'
import { createSyncClient } from '../sync/client.ts'
import { type NetworkBefore, withBefore } from './before.ts'
import { checkFork } from './check.ts'
import { writeForkCertificate } from './record.ts'
import type { ForkStatus } from './types.ts'

const BLOCK_TIMEOUT_MS = 10_000
/** Directories and lineages that one attempt fetches: two a round. */
const MAX_BLOCKS = 4096
/** Doubled after every try that found nothing. */
const FIRST_RETRY_MS = 2_000
const LAST_RETRY_MS = 300_000

/** The base that this network began as, for whoever asks. */
export interface ForkProof {
  readonly network: CID
  readonly round: number
  readonly base: CID
  readonly certificate: Uint8Array
}

interface ForkBase {
  readonly network: CID
  readonly round: number
}

/** Where this network comes from, if it is a fork: checked with what is here, and with what peers have. */
export interface ForkLink {
  /** Null for a network that is no fork. */
  readonly status: ForkStatus | null
  readonly proof: ForkProof | null
  /** The status with what the network before has besides. */
  statusWith(before: NetworkBefore): Promise<ForkStatus | null>
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
  let latest: Uint8Array | null = null
  let isRunning = false
  let retryMs = FIRST_RETRY_MS

  async function check(store: ContentStore, isAsking: boolean): Promise<ForkStatus | null> {
    return await checkFork(network, {
      store: readOnlyStore(store, signal),
      certificatesOf: async function* (base) {
        for await (const one of candidates(base, isAsking)) {
          latest = one
          yield one
        }
      },
    })
  }

  async function* candidates(base: ForkBase, isAsking: boolean): AsyncGenerator<Uint8Array> {
    if (certificate !== null) yield certificate
    if (isAsking) yield* askForCertificates(context, base)
  }

  async function attempt(): Promise<void> {
    if (isRunning || signal.aborted || status?.state !== 'unchecked') return
    isRunning = true
    try {
      const here = await check(context.store, false)
      const isAsking = here?.state === 'unchecked' && mesh.peers().length > 0
      status = isAsking ? await check(fetchingStore(context), true) : here
      // What certifies nothing is not kept.
      if (status?.state === 'verified' && latest !== null && latest !== certificate) {
        await writeForkCertificate(context.dataDir, latest)
        certificate = latest
      }
      log.info('fork', { ...status })
    } catch (error) {
      if (!signal.aborted) log.warn('fork-not-checked', { error: String(error) })
    } finally {
      isRunning = false
      if (status?.state === 'unchecked' && !signal.aborted) {
        const cancel = clock.after(retryMs, () => void attempt())
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS)
        signal.addEventListener('abort', cancel, { once: true })
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
    statusWith: async (before) => {
      const here = {
        store: readOnlyStore(context.store, signal),
        certificatesOf: () => (certificate === null ? [] : [certificate]),
      }
      return status?.state === 'unchecked' ? await checkFork(network, withBefore(here, before)) : status
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

/** What each peer that is connected has; not believed. */
async function* askForCertificates(
  { network, streams, mesh, log, signal }: LinkContext,
  base: ForkBase,
): AsyncGenerator<Uint8Array> {
  const { forkOf } = network.genesis
  const sync = createSyncClient(streams, base.network)
  for (const { id } of mesh.peers()) {
    try {
      const asked = sync.bases(id, { from: base.round, to: base.round }, signal)
      const [answer] = await Array.fromAsync(asked)
      if (answer !== undefined && equalCids(answer.base, forkOf)) yield answer.certificate
    } catch (error) {
      if (signal.aborted || !isColdmeshError(error)) throw error
      log.debug('fork-not-answered', { peer: id, error: String(error) })
    }
  }
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
