import { nullLog } from '../../../src/adapters/memory/log.ts'
import { readChain } from '../../../src/peer/chain.ts'
import { verifyBase } from '../../../src/peer/history/verify.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { startMeter } from './meter.ts'
import { benchChain, partOf } from './part.ts'

/** Part of bench.ts: what `verify --level signatures` does with the newest base that the catch-up has stored. */
const { rounds, paths } = partOf(process.argv)
const { network } = await benchChain()
const store = await createContentStore({ dir: paths.blocks, node: null, log: nullLog })
const last = (await readChain(paths.chain)).entries.at(-1)
if (last === undefined) throw new Error('the catch-up stored no round')
const { base, certificate } = last
const meter = startMeter(rounds)
const report = await verifyBase({
  network,
  store,
  base,
  certificate,
  level: 'signatures',
  onProgress: ({ round }) => meter.reached(round),
})
meter.report({ rounds: report.rounds.length, valid: Number(report.valid) })
await store.stop()
