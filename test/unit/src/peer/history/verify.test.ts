import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import type { VerifyOptions, VerifyReport } from '../../../../../src/peer/types.ts'
import { type TestChain, threeRounds } from '../../../../support/history/build-chain.ts'

let chain: TestChain
before(async () => {
  chain = await threeRounds()
})
const verifyNewest = async (options: VerifyOptions = {}): Promise<VerifyReport> => {
  const newest = chain.entries.at(-1)
  assert(newest)
  return await verifyBase({ ...options, network: chain.network, store: chain.store, ...newest })
}
describe('verifyBase', () => {
  it('quick', async () => {
    for (const level of ['signatures', 'full'] as const)
      console.log(JSON.stringify(await verifyNewest({ level }), null, 1))
  })
})
