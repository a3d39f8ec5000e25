import type { CID } from 'multiformats/cid'
import { equalCids } from '../../protocols/wire/bytes.ts'
import type { PeerContext } from './context.ts'
import { type CheckpointToPack, type MakingDelta, makeDelta } from './deltas/make.ts'
import { writeWeights } from './store/write-weights.ts'

/** Stores a checkpoint of our own, and its delta where one is wanted, for as long as its round is kept. */
export async function keepCheckpoint(
  context: MakingDelta & Pick<PeerContext, 'files'>,
  checkpoint: Omit<CheckpointToPack, 'cid'>,
): Promise<CID> {
  const { keeping } = context
  using _ = keeping.pinStored()
  const cid = await writeWeights(context, checkpoint.bytes.length, [checkpoint.bytes])
  await keeping.note(checkpoint.round, cid)
  if (!equalCids(cid, checkpoint.base.cid)) await makeDelta(context, { ...checkpoint, cid })
  return cid
}
