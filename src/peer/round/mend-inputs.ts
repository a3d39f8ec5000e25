import type { CID } from 'multiformats/cid'
import type { BuildSpec } from '../../rounds/state.ts'
import { rebasedFrom } from '../../rounds/views.ts'
import type { PeerContext } from '../context.ts'
import { maxWeightsBytes } from '../heads.ts'

/**
 * Files are fused without being hashed again, so a proposal that differs from our base may mean that ours was made of rotten bytes. Reads
 * every file it was made of, and fetches what is rotten.
 * @returns whether something was, and is right again: then the base is to be made anew
 * @throws ColdmeshError when nobody gives it; `refused`, `aborted`
 */
export async function mendInputs(
  {
    files,
    store,
    events,
    log,
    network,
    mesh,
  }: Pick<PeerContext, 'files' | 'store' | 'events' | 'log' | 'network' | 'mesh'>,
  spec: BuildSpec,
  signal: AbortSignal,
): Promise<boolean> {
  if (files === null) return false
  const { bytes } = network.genesis
  const late = spec.inputs.flatMap((input) => rebasedFrom(spec.parent, input) ?? [])
  let isMended = false
  const target = spec.rollback === null ? [] : [spec.rollback.weights]
  for (const cid of distinct([
    spec.parent.weights,
    ...target,
    ...spec.inputs.map(({ checkpoint }) => checkpoint),
    ...late,
  ])) {
    signal.throwIfAborted()
    const rotten = await files.check(cid)
    if (rotten === 0) continue
    log.warn('file-rotten', { cid, leaves: rotten })
    const providers = mesh.peers().flatMap(({ addresses }) => addresses.slice(0, 1))
    await store.fetch(cid, {
      ...{ shape: 'file', fileBytes: bytes, maxBytes: maxWeightsBytes(bytes) },
      ...{ providers, timeoutMs: FETCH_MS, signal },
    })
    events.emit({ type: 'repaired', cid: String(cid), place: `round ${spec.round}, which is being fused` })
    isMended = true
  }
  return isMended
}

const FETCH_MS = 60_000

function distinct(cids: readonly CID[]): readonly CID[] {
  return [...new Map(cids.map((cid) => [String(cid), cid])).values()]
}
