import type { CID } from 'multiformats/cid'
import { type Contribution, contribution } from '../../../protocols/contribution/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { openBase } from '../../checkpoint/base.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { readFile } from '../../checkpoint/unixfs.ts'
import { measure } from '../../fusion/measure.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { Network } from '../../rounds/network.ts'
import { readLayout } from '../builder.ts'
import { isBadLink } from './bad-link.ts'
import { loadRound } from './load-round.ts'

/**
 * How far each input of a base moved it: the norm of its difference from the base before, over all float elements, as clipped-mean/1 takes it.
 *
 * @returns in the order of the inputs; null where the bytes for it are not here. Null as a whole when the base's lineage is not
 * @throws ColdmeshError `block-corrupt`, `aborted`
 */
export async function measureInputs(
  network: Network,
  store: ContentStore,
  base: CID,
): Promise<readonly (number | null)[] | null> {
  const loaded = await loadRound(network, store, base)
  if (isBadLink(loaded)) return null
  const before = await orAbsent(async () => {
    const opened = await openBase(loaded.lineage.parent, (cid) => store.get(cid))
    return { weights: opened.weights.cid, layout: await readLayout(opened, store) }
  })
  const norms: (number | null)[] = []
  for (const envelope of loaded.lineage.inputs) {
    const opened = openEnvelope<Contribution>(envelope, [contribution], network.id)
    norms.push(
      before === null || !isSigned(opened) ? null : await orAbsent(() => normOf(opened.message, before, store)),
    )
  }
  return norms
}

async function normOf(
  { checkpoint, parent }: Contribution,
  { weights, layout }: { readonly weights: CID; readonly layout: Layout },
  store: ContentStore,
): Promise<number> {
  const open = (cid: CID) => () => readFile(cid, (block) => store.get(block), { maxBytes: layout.totalBytes })
  const { weights: trained } = await openBase(parent, (cid) => store.get(cid))
  const from = equalCids(trained.cid, weights) ? null : open(trained.cid)
  const files = { layout, base: open(weights), inputs: [open(checkpoint)], parents: [from] }
  const { clipping } = await measure({ rule: 'clipped-mean/1', step: null }, files)
  const [squared] = clipping?.norms ?? []
  if (squared === undefined) throw new Error('one input has one norm')
  return Math.sqrt(squared)
}

/** Null where a block is not here, or the bytes are no checkpoint: then there is nothing to measure. */
async function orAbsent<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (isColdmeshError(error, 'block-missing') || isColdmeshError(error, 'bad-checkpoint')) return null
    throw error
  }
}
