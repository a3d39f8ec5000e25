import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { rawCid } from '../../checkpoint/cid.ts'
import { decodeDelta } from '../../checkpoint/delta/delta-file.ts'
import { isFileCid, LEAF_BYTES, listLeaves, readFile } from '../../checkpoint/unixfs.ts'
import type { FetchOptions } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { PeerContext } from '../context.ts'
import { isOwnTrouble } from '../troubles.ts'
import type { HeldDelta } from './book.ts'
import { MAX_SHARE } from './make.ts'
import { wantsDeltas } from './mode.ts'

const MAX_ASKED = 3
const NODE_BYTES = 131_072

export interface DeltaToFetch {
  readonly round: number
  readonly checkpoint: CID
  /** Of the checkpoint. */
  readonly bytes: number
  /** Weights that are here. */
  readonly base: CID
  /** Peer ids of those that may have it, best first. */
  readonly peers: readonly string[]
  /** Deadlines, providers and signal of a fetch. */
  readonly how: Omit<FetchOptions, 'shape' | 'maxBytes' | 'fileBytes'>
}

export interface FetchingDelta
  extends Pick<PeerContext, 'store' | 'keeping' | 'mesh' | 'deltas' | 'deltaMode' | 'log' | 'signal'> {
  readonly sync: Pick<PeerContext['sync'], 'delta'>
}

/**
 * Brings leaves of a checkpoint here by a delta, where somebody has one. Each leaf is compared with its CID, which the checkpoint's
 * own nodes say, before it is kept. What is missing afterwards is fetched as without it.
 * @param refused peers whose delta did not hold: they are not asked again
 * @throws ColdmeshError `refused` (this machine), `aborted`
 */
export async function fetchByDelta(context: FetchingDelta, wanted: DeltaToFetch, refused: Set<string>): Promise<void> {
  const { store, keeping, mesh, deltas, deltaMode, log } = context
  const { checkpoint, base, bytes, how } = wanted
  if (!wantsDeltas(deltaMode, mesh) || bytes <= LEAF_BYTES || (await store.has(checkpoint))) return
  let from: string | null = null
  try {
    const getNode = async (cid: CID) => {
      await store.fetch(cid, { ...how, shape: 'block', maxBytes: NODE_BYTES })
      return store.get(cid)
    }
    const offer = await findOffer(context, wanted, refused)
    if (offer === null) return
    from = offer.peer
    const { leaves } = await listLeaves(checkpoint, getNode, { maxBytes: bytes })
    await keeping.note(wanted.round, offer.delta)
    const maxBytes = offer.bytes + Math.ceil(offer.bytes / 1000) + NODE_BYTES
    await store.fetch(offer.delta, { ...how, shape: 'file', fileBytes: offer.bytes, maxBytes })
    await unpack(store, { ...wanted, leaves: leaves.map(({ cid }) => cid), delta: offer })
    deltas.note(checkpoint, base, offer)
    log.info('delta-used', { checkpoint, delta: offer.delta, bytes: offer.bytes })
  } catch (error) {
    if (isOwnTrouble(error) || isColdmeshError(error, 'aborted') || !(error instanceof ColdmeshError)) throw error
    if (from !== null && error.code === 'bad-checkpoint') refused.add(from)
    log.warn('delta-not-used', { checkpoint, from, error: error.message })
  }
}

/** The first that one of these peers has. */
async function findOffer(
  { sync, mesh, log, signal }: Pick<FetchingDelta, 'sync' | 'mesh' | 'log' | 'signal'>,
  { checkpoint, base, bytes, peers }: DeltaToFetch,
  refused: ReadonlySet<string>,
): Promise<(HeldDelta & { readonly peer: string }) | null> {
  const connected = new Set(mesh.peers().map(({ id }) => id))
  for (const peer of peers.filter((id) => connected.has(id) && !refused.has(id)).slice(0, MAX_ASKED)) {
    try {
      const offer = await sync.delta(peer, { checkpoint, base, bytes }, signal)
      if (offer !== null && offer.bytes <= bytes * MAX_SHARE && isFileCid(offer.delta, offer.bytes))
        return { ...offer, peer }
    } catch (error) {
      log.debug('delta-not-asked', { peer, error: String(error) })
    }
  }
  return null
}

async function unpack(
  store: Pick<PeerContext['store'], 'get' | 'put'>,
  { base, bytes, leaves, delta }: DeltaToFetch & { readonly leaves: readonly CID[]; readonly delta: HeldDelta },
): Promise<void> {
  const get = (cid: CID) => store.get(cid)
  const bases = (await listLeaves(base, get, { maxBytes: bytes })).leaves
  const changed = leaves.flatMap((cid, index) => {
    const old = bases[index]?.cid
    return old === undefined || equalCids(cid, old) ? [] : [{ cid, old }]
  })
  async function* oldLeaves(): AsyncGenerator<Uint8Array> {
    for (const { old } of changed) yield await get(old)
  }
  let at = 0
  for await (const leaf of decodeDelta(readFile(delta.delta, get, { maxBytes: delta.bytes }), oldLeaves())) {
    const cid = changed[at++]?.cid
    if (cid === undefined || !equalCids(rawCid(leaf), cid)) {
      throw new ColdmeshError('bad-checkpoint', 'A delta gives other bytes than its checkpoint has.')
    }
    await store.put(cid, leaf)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
