import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { createHistory } from '../../../../../src/peer/history/history.ts'
import type { History } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { type TestChain, threeRounds } from '../../../../support/history/build-chain.ts'
import { collect } from '../../../../support/history/collect.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'

const root = temporaryDirectory()
let chain: TestChain
let history: History
before(async () => {
  chain = await threeRounds()
  const { network, net, store, entries } = chain
  history = createHistory({ network, genesisBytes: net.bytes, store, chain: { entries } })
})

describe('createHistory', () => {
  it('tells the log from the newest certified base, or from the one named', async () => {
    assert.equal(history.network, String(chain.network.id))
    assert.deepEqual(
      (await collect(history.log())).map(({ round }) => round),
      [3, 2, 1],
    )
    const second = String(chain.entries[1]?.base)
    assert.deepEqual(
      (await collect(history.log(second))).map(({ round }) => round),
      [2, 1],
    )
  })

  it('has an empty log before the first round', async () => {
    const { network, net, store } = chain
    const young = createHistory({ network, genesisBytes: net.bytes, store, chain: { entries: [] } })
    assert.deepEqual(await collect(young.log()), [])
  })

  it('verifies with the certificates of the chain, and trusts the network that it is of', async () => {
    for (const { base } of chain.entries) {
      const report = await history.verify(String(base))
      assert.deepEqual([report.valid, report.certified, report.trusted, report.level], [true, true, true, 'full'])
    }
    const other = await history.verify(String(chain.head.base), { trust: String(chain.head.base), level: 'signatures' })
    assert.deepEqual([other.valid, other.trusted], [false, false])
  })

  it('exports', async () => {
    const out = join(root, 'base')
    const exported = await history.export(String(chain.head.base), { out })
    assert.equal(exported.kind, 'base')
    assert.equal((await readdir(out)).length, 5)
  })

  it('refuses what is no CID', async () => {
    const refused = (error: unknown) => isColdmeshError(error, 'bad-input')
    await assert.rejects(history.verify('round 3'), refused)
    await assert.rejects(history.verify(String(chain.network.id)), refused)
    await assert.rejects(history.export('../../etc', { out: 'x' }), refused)
    assert.throws(() => history.log('x'), refused)
  })
})
