import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { readCommitments } from '../../../../../src/peer/dataset/stated-commitments.ts'
import { openExported } from '../../../../../src/peer/open-exported.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { archiveOf } from '../../../../support/archive/small-archive.ts'
import { licensedChain } from '../../../../support/attest/attested.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../../../support/history/checkpoints.ts'
import { collect } from '../../../../support/history/collect.ts'
import { temporaryFolder } from '../../../../support/node/cli.ts'
import { ratifiedBy } from '../../../../support/protocols/amendments.ts'
import { testKey } from '../../../../support/protocols/network.ts'

const folder = temporaryFolder('archive log')
after(folder.remove)

async function logOf(chain: TestChain) {
  const { path } = await archiveOf(chain, 'lineage', folder.path)
  await using opened = await openExported(path)
  return await collect(opened.log())
}

describe('the log of an archive', () => {
  it('knows the committee of each round, by what the rounds before changed', async () => {
    const chain = await licensedChain()
    const log = await logOf(chain)
    assert.deepEqual(
      log.map(({ round, inputs }) => [round, inputs.length]),
      [
        [3, 2],
        [2, 0],
        [1, 3],
      ],
    )
  })

  it('takes no committee that nobody ratified, nor tells anything of such a history', async () => {
    const start = await startChain('usurped', {}, SMALL_LAYOUT)
    const { members } = start.net
    const usurper = testKey('usurper')
    const change = { add: [{ name: 'usurper', key: usurper.publicKey }] }
    const few = ratifiedBy(members.slice(0, 1), start.net, change)
    const lie = { lineage: <T extends object>(honest: T) => ({ ...honest, amendment: few }) }
    const chain = await addRound(start, { amendment: ratifiedBy(members.slice(0, 3), start.net, change), lie })
    await assert.rejects(logOf(chain), (error) => {
      assert.ok(isColdmeshError(error, 'not-valid'), String(error))
      assert.match(error.message, /round 1, lineage: .*ratification-no-quorum/)
      return true
    })
  })

  it('has nothing to tell of a network without a round', async () => {
    assert.deepEqual(await logOf(await startChain('young', {}, SMALL_LAYOUT)), [])
  })
})

describe('readCommitments of an archive', () => {
  it('has those of every contribution of every round', async () => {
    const { path } = await archiveOf(await licensedChain(), 'lineage', folder.path)
    const found = await readCommitments(path)
    assert.deepEqual(found.map(({ round, dataset }) => `${round} ${dataset}`).sort(), [
      '1 rows 1',
      '1 rows 2',
      '1 rows 3',
      '3 rows 7',
      '3 rows 8',
    ])
    assert.equal(new Set(found.map(({ contribution }) => contribution)).size, 5)
  })
})
