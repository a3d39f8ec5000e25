import { syncBase } from '../../../protocols/sync/messages.ts'
import { addRound } from '../../support/history/build-chain.ts'
import { sentBase } from '../../support/history/follow.ts'
import { benchChain, partOf } from './part.ts'
import { writeRounds } from './rounds-file.ts'

/** Part of bench.ts: a chain with two new contributors in each round, as it travels. */
const { rounds, paths } = partOf(process.argv)
let bytes = 0
await writeRounds(paths.rounds, frames())
process.stdout.write(JSON.stringify({ bytes }))

async function* frames(): AsyncGenerator<Uint8Array> {
  let chain = await benchChain()
  const kept = new Set(chain.store.blocks.keys())
  for (let round = 1; round <= rounds; round++) {
    chain = await addRound({ ...chain, entries: [] }, { seeds: [2 * round + 1, 2 * round + 2] })
    const sent = await sentBase(chain, 1)
    if (sent === null) throw new Error('a round was added')
    bytes += sent.lineage.length + sent.certificate.length
    yield syncBase.encode(sent)
    chain.store.asked.length = 0
    for (const key of chain.store.blocks.keys()) {
      if (chain.store.blocks.size <= 64) break
      if (!kept.has(key)) chain.store.blocks.delete(key)
    }
  }
}
