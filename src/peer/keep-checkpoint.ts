import type { CID } from 'multiformats/cid'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { encodeChunks } from '../checkpoint/safetensors.ts'
import type { Weights } from '../ports/trainer.ts'
import type { PeerContext } from './context.ts'
import { type CheckpointToPack, type MakingDelta, makeDelta } from './deltas/make.ts'
import { writeWeights } from './store/write-weights.ts'

/** Stores a checkpoint of our own, and its delta where one is wanted, for as long as its round is kept. */
export async function keepCheckpoint(
  context: MakingDelta & Pick<PeerContext, 'files'>,
  { body, ...checkpoint }: Omit<CheckpointToPack, 'cid'> & { readonly body: readonly Weights[] },
): Promise<CID> {
  const { keeping, facts } = context
  const { round, base } = checkpoint
  using _ = keeping.pinStored()
  const chunks = encodeChunks(facts.layout, body, base.bytes)
  const cid = await writeWeights(context, facts.layout.totalBytes, chunks)
  await keeping.note(round, cid)
  if (!equalCids(cid, base.cid)) await makeDelta(context, { ...checkpoint, cid })
  return cid
}
