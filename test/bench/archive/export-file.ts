import { CID } from 'multiformats/cid'
import { genesis as genesisDeclaration } from '../../../protocols/genesis/messages.ts'
import { fromHex } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import { writeArchive } from '../../../src/peer/archive/write.ts'
import { answer, measure, readJob } from '../measure.ts'
import type { ExportJob } from './jobs.ts'

// A process of its own: the archive of everything, from a store on the disk, synced.

const job = await readJob<ExportJob>()
await using opened = await openBlockStore(job.blocks)
const genesisBytes = fromHex(job.genesis) ?? new Uint8Array()
const genesis = genesisDeclaration.decode(genesisBytes)
const store = {
  ...opened.local,
  fetch: async (): Promise<never> => {
    throw new Error('an export fetches nothing')
  },
}
let bytes = 0
const cost = await measure(async () => {
  const written = await writeArchive({
    ...{ network: { id: idOf(genesisBytes), genesis }, genesisBytes, store },
    ...{ base: CID.parse(job.base), certificate: fromHex(job.certificate), contents: 'everything', file: job.file },
  })
  bytes = written.bytes
})
answer(cost, { bytes })
