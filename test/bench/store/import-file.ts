import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import { copyWeights, linkWeights } from '../../../src/peer/store/admit-weights.ts'
import { answer, measure, readJob } from '../measure.ts'
import type { ImportJob } from './jobs.ts'

// A process of its own: what `coldmesh import` does with canonical weights, from the start of its threads to the last sync.

const { path, layout, blocks, isLinked } = await readJob<ImportJob>()
await using store = await openBlockStore(blocks)
let root = ''
const cost = await measure(async () => {
  const admission = {
    files: store.files,
    path,
    layout: { ...layout, header: Buffer.from(layout.header, 'base64') },
  }
  const cid = isLinked ? await linkWeights(admission) : await copyWeights(admission)
  if (cid === null) throw new Error('the weights are finite')
  root = String(cid)
})
answer(cost, { root })
