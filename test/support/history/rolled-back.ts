import { ratifiedBy } from '../protocols/amendments.ts'
import type { TestRoundOptions } from './build-chain.ts'
import { addRound, startChain, type TestChain } from './build-chain.ts'
import { SMALL_LAYOUT } from './checkpoints.ts'

const LICENCES: Readonly<Record<number, string>> = { 1: 'MIT', 2: 'CC-BY-SA-4.0', 3: 'CC-BY-NC-SA-4.0', 4: 'MIT' }

/** A good round, one whose data exclude the others' by their licence, a rollback to the first, and another good one. */
export async function rolledBackChain(): Promise<TestChain> {
  const said: TestRoundOptions = {
    datasetOf: (seed) => ({ name: `rows ${seed}`, task: `task ${seed}`, license: LICENCES[seed] ?? 'MIT' }),
  }
  const good = await addRound(await startChain('rolled back', {}, SMALL_LAYOUT), { ...said, seeds: [1, 2] })
  const bad = await addRound(good, { ...said, seeds: [3, 4] })
  const { net } = bad
  const amendment = ratifiedBy(net.members.slice(0, 3), net, { rollback: { base: good.head.base } })
  return await addRound(await addRound(bad, { amendment }), { ...said, seeds: [5, 6] })
}
