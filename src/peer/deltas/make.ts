import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../../protocols/wire/bytes.ts'
import { encodeDelta, type LeafPair } from '../../checkpoint/delta/delta-file.ts'
import { packLeaf, type Width } from '../../checkpoint/delta/pack-leaf.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { importFile, LEAF_BYTES } from '../../checkpoint/unixfs.ts'
import type { PeerContext } from '../context.ts'
import { wantsDeltas } from './mode.ts'

/** A delta of more than this part of its checkpoint is not worth its making, nor its fetching. */
export const MAX_SHARE = 0.75
/** Leaves, spread over the file, that tell what the whole may come to. */
const SAMPLES = 4

export interface CheckpointToPack {
  readonly round: number
  readonly cid: CID
  readonly bytes: Uint8Array
  /** The weights that it was trained from. */
  readonly base: { readonly cid: CID; readonly bytes: Uint8Array }
}

export interface MakingDelta extends Pick<PeerContext, 'store' | 'keeping' | 'mesh' | 'deltas' | 'deltaMode' | 'log'> {
  readonly facts: Pick<PeerContext['facts'], 'layout'>
}

/** Makes a checkpoint's delta and keeps it, where somebody will be quicker with it; everything else has its turn between two leaves. */
export async function makeDelta(context: MakingDelta, checkpoint: CheckpointToPack): Promise<void> {
  const { store, keeping, facts, mesh, deltas, deltaMode, log } = context
  if (checkpoint.bytes.length <= LEAF_BYTES || !wantsDeltas(deltaMode, mesh)) return
  const width = widthOf(facts.layout)
  if (deltaMode === 'auto' && sampledShare(checkpoint, width) > MAX_SHARE) return
  using _ = keeping.pinStored()
  const source = encodeDelta(changedPairs(checkpoint), { width })
  const { cid, bytes } = await importFile(source, async (block, leaf) => {
    await store.put(block, leaf)
    await new Promise((resolve) => setImmediate(resolve))
  })
  await keeping.note(checkpoint.round, cid)
  const share = bytes / checkpoint.bytes.length
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

function sampledShare({ bytes, base }: CheckpointToPack, width: Width): number {
  const leaves = Math.floor(bytes.length / LEAF_BYTES)
  let packed = 0
  for (let sample = 0; sample < SAMPLES; sample++) {
    const at = Math.floor((sample * leaves) / SAMPLES) * LEAF_BYTES
    const pair = pairAt(at, bytes, base.bytes)
    if (!equalBytes(pair.leaf, pair.base)) packed += packLeaf(pair.leaf, pair.base, width)?.length ?? LEAF_BYTES
  }
  return packed / (SAMPLES * LEAF_BYTES)
}

async function* changedPairs({ bytes, base }: CheckpointToPack): AsyncGenerator<LeafPair> {
  for (let at = 0; at < bytes.length; at += LEAF_BYTES) {
    const pair = pairAt(at, bytes, base.bytes)
    if (equalBytes(pair.leaf, pair.base)) continue
    await new Promise((resolve) => setImmediate(resolve))
    yield pair
  }
}

function pairAt(at: number, leaf: Uint8Array, base: Uint8Array): LeafPair {
  return { leaf: leaf.subarray(at, at + LEAF_BYTES), base: base.subarray(at, at + LEAF_BYTES) }
}
