import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../../protocols/wire/bytes.ts'
import { encodeDelta, type LeafPair } from '../../checkpoint/delta/delta-file.ts'
import { packLeaf, type Width } from '../../checkpoint/delta/pack-leaf.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { importFile, LEAF_BYTES, listLeaves } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { PeerContext } from '../context.ts'
import { wantsDeltas } from './mode.ts'

/** A delta of more than this part of its checkpoint is not worth its making, nor its fetching. */
export const MAX_SHARE = 0.75
/** Leaves, spread over the file, that tell what the whole may come to. */
const SAMPLES = 4

export interface CheckpointToPack {
  readonly round: number
  /** In the store. */
  readonly cid: CID
  /** The weights that it was trained from, of the same length. */
  readonly base: { readonly cid: CID; readonly bytes: Uint8Array }
}

/** The checkpoint's leaf that begins there, beside the base's. */
type PairAt = (at: number) => Promise<LeafPair>

export interface MakingDelta extends Pick<PeerContext, 'store' | 'keeping' | 'mesh' | 'deltas' | 'deltaMode' | 'log'> {
  readonly facts: Pick<PeerContext['facts'], 'layout'>
}

/** Makes a checkpoint's delta and keeps it, where somebody will be quicker with it; everything else has its turn between two leaves. */
export async function makeDelta(context: MakingDelta, checkpoint: CheckpointToPack): Promise<void> {
  const { store, keeping, facts, mesh, deltas, deltaMode, log } = context
  const { length } = checkpoint.base.bytes
  if (length <= LEAF_BYTES || !wantsDeltas(deltaMode, mesh)) return
  const width = widthOf(facts.layout)
  const pairAt = await openPairs(store, checkpoint)
  if (deltaMode === 'auto' && (await sampledShare(length, pairAt, width)) > MAX_SHARE) return
  using _ = keeping.pinStored()
  const source = encodeDelta(changedPairs(length, pairAt), { width })
  const { cid, bytes } = await importFile(source, async (block, leaf) => {
    await store.put(block, leaf)
    await new Promise((resolve) => setImmediate(resolve))
  })
  await keeping.note(checkpoint.round, cid)
  const share = bytes / length
  log.info('delta-made', { checkpoint: checkpoint.cid, delta: cid, bytes, share })
  if (share <= MAX_SHARE) deltas.note(checkpoint.cid, checkpoint.base.cid, { delta: cid, bytes })
}

/** Of the elements that most of the file is made of. */
export function widthOf({ tensors }: Pick<Layout, 'tensors'>): Width {
  let [halves, others] = [0, 0]
  for (const { dtype, begin, end } of tensors) {
    if (dtype === 'BF16' || dtype === 'F16') halves += end - begin
    else others += end - begin
  }
  return halves > others ? 2 : 4
}

async function openPairs({ get }: Pick<ContentStore, 'get'>, { cid, base }: CheckpointToPack): Promise<PairAt> {
  const { leaves } = await listLeaves(cid, get, { maxBytes: base.bytes.length })
  return async (at) => ({
    leaf: await get(leaves[at / LEAF_BYTES]?.cid ?? cid),
    base: base.bytes.subarray(at, at + LEAF_BYTES),
  })
}

async function sampledShare(length: number, pairAt: PairAt, width: Width): Promise<number> {
  const leaves = Math.floor(length / LEAF_BYTES)
  let packed = 0
  for (let sample = 0; sample < SAMPLES; sample++) {
    const { leaf, base } = await pairAt(Math.floor((sample * leaves) / SAMPLES) * LEAF_BYTES)
    if (!equalBytes(leaf, base)) packed += packLeaf(leaf, base, width)?.length ?? LEAF_BYTES
  }
  return packed / (SAMPLES * LEAF_BYTES)
}

async function* changedPairs(length: number, pairAt: PairAt): AsyncGenerator<LeafPair> {
  for (let at = 0; at < length; at += LEAF_BYTES) {
    const pair = await pairAt(at)
    if (equalBytes(pair.leaf, pair.base)) continue
    await new Promise((resolve) => setImmediate(resolve))
    yield pair
  }
}
