import { CID } from 'multiformats/cid'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { followerOf, NEIGHBOUR } from '../../support/history/follow.ts'
import { startMeter } from './meter.ts'
import { benchChain, partOf } from './part.ts'
import { readRounds } from './rounds-file.ts'

/** Part of bench.ts: a peer at the genesis takes the rounds, checks them, writes and syncs them. */
const { rounds, paths } = partOf(process.argv)
const chain = await benchChain()
const store = await createContentStore({ dir: paths.blocks, node: null, log: nullLog })
for (const [cid, block] of chain.store.blocks) await store.put(CID.parse(cid), block)
const sent = readRounds(paths.rounds)
const { follower, chainFile, head } = await followerOf(chain, {
  path: paths.chain,
  store,
  baseOf: async () => (await sent.next()).value ?? null,
  onFollowed: async (bases) => meter.reached(bases.at(-1)?.head.round ?? 0),
})
follower.hear(NEIGHBOUR, rounds)
const meter = startMeter(rounds)
await follower.run()
meter.report({ rounds: head().round })
await chainFile.close()
await store.stop()
