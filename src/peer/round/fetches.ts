import type { CID } from 'multiformats/cid'
import { readFile } from '../../checkpoint/unixfs.ts'
import { validateCheckpoint } from '../../fusion/validate.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import { UNAVAILABLE } from '../../rounds/collect.ts'
import type { RoundState, SignedContribution } from '../../rounds/state.ts'
import type { PeerContext } from '../context.ts'

const MAX_PARALLEL = 4
const MIN_FETCH_MS = 20_000
const STALL_MS = 10_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000
const MAX_LINEAGE_BYTES = 1_000_000

/** Brings a round's bytes here: checkpoints, validated, and lineages. */
export interface Fetches {
  /** Calls back with null when the bytes are here and valid, else with the reason; retries what was unavailable. */
  checkpoint(contribution: SignedContribution, from: Uint8Array | null, done: (reason: string | null) => void): void
  lineage(cid: CID, from: Uint8Array, done: (bytes: Uint8Array | null) => void): void
}

/** @param signal aborts when the round is over */
export function createFetches(context: PeerContext, state: RoundState, signal: AbortSignal): Fetches {
  const { store, log, clock, facts, network } = context
  const dialled = new Set<string>()
  const waiting: (() => void)[] = []
  let running = 0

  async function withSlot<T>(work: () => Promise<T>): Promise<T> {
    if (running >= MAX_PARALLEL) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    try {
      return await work()
    } finally {
      running--
      waiting.shift()?.()
    }
  }

  /** Addresses to try: each that an author states at most once a round, and whoever lists it. */
  function providersOf({ signed, author }: SignedContribution, from: Uint8Array | null): string[] {
    const stated = signed.message.providers.filter((address) => {
      const key = `${context.peerIdOf(author)} ${address}`
      if (dialled.has(key)) return false
      dialled.add(key)
      return true
    })
    return [...(from ? addressesOf(context, from) : []), ...stated]
  }

  async function tryCheckpoint(contribution: SignedContribution, from: Uint8Array | null): Promise<string | null> {
    const { bytes, minBytesPerSecond } = { bytes: network.genesis.bytes, ...network.genesis.round }
    try {
      await store.fetch(contribution.checkpoint, {
        shape: 'file',
        fileBytes: bytes,
        maxBytes: 2 * bytes + STALL_MS,
        providers: providersOf(contribution, from),
        timeoutMs: Math.max(MIN_FETCH_MS, Math.ceil((1000 * bytes) / minBytesPerSecond)),
        stallMs: STALL_MS,
        signal,
      })
      const open = (cid: CID) => readFile(cid, (block) => store.get(block), { maxBytes: bytes })
      const base = open(state.head.weights)
      const validation = await validateCheckpoint({
        layout: facts.layout,
        base,
        checkpoint: open(contribution.checkpoint),
      })
      if (!validation.ok)
        log.warn('contribution-refused', { id: contribution.id, reason: validation.reason, detail: validation.detail })
      return validation.ok ? null : validation.reason
    } catch (error) {
      return reasonOf(error)
    }
  }

  return {
    checkpoint: (contribution, from, done) => {
      let retryMs = FIRST_RETRY_MS
      const attempt = async () => {
        const reason = await withSlot(() => tryCheckpoint(contribution, from))
        if (signal.aborted) return
        if (reason !== null) log.info('checkpoint-not-held', { id: contribution.id, reason, retryMs })
        done(reason)
        if (reason !== UNAVAILABLE) return
        const cancel = clock.after(retryMs, () => void attempt())
        signal.addEventListener('abort', cancel, { once: true })
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS)
      }
      void attempt()
    },
    lineage: (cid, from, done) => {
      void fetchLineage(context, cid, from, signal).then((bytes) => {
        if (signal.aborted) return
        // A failure is answered late: the machine asks again at once.
        if (bytes) done(bytes)
        else
          signal.addEventListener(
            'abort',
            clock.after(FIRST_RETRY_MS, () => done(null)),
            { once: true },
          )
      })
    },
  }
}

async function fetchLineage(
  context: PeerContext,
  cid: CID,
  from: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const { store, log } = context
  try {
    const providers = addressesOf(context, from)
    await store.fetch(cid, { shape: 'block', maxBytes: MAX_LINEAGE_BYTES, providers, timeoutMs: MIN_FETCH_MS, signal })
    return await store.get(cid)
  } catch (error) {
    log.info('lineage-not-had', { cid, reason: reasonOf(error) })
    return null
  }
}

/** Known addresses of whoever has this key. */
export function addressesOf(
  { mesh, peerIdOf }: Pick<PeerContext, 'mesh' | 'peerIdOf'>,
  key: Uint8Array,
): readonly string[] {
  const id = peerIdOf(key)
  return mesh.peers().find((peer) => peer.id === id)?.addresses ?? []
}

/** A word for people and for the machine: what could not be had, against what is wrong. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ColdmeshError)) throw error
  const isMissing = (['block-missing', 'deadline', 'unreachable', 'aborted'] as const).some((code) =>
    isColdmeshError(error, code),
  )
  if (isMissing) return UNAVAILABLE
  const { reason } = error.facts
  return typeof reason === 'string' ? reason : error.code
}
