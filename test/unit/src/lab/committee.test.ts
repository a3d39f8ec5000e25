import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { equalCids } from '../../../../protocols/wire/bytes.ts'
import { buildBase } from '../../../../src/peer/builder.ts'
import { checkNext } from '../../../../src/peer/heads.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { readLineage, startChain } from '../../../support/history/build-chain.ts'
import { checkpointBytes, importBytes, TEST_LAYOUT } from '../../../support/history/checkpoints.ts'
import { copyStore } from '../../../support/history/memory-store.ts'
import { contributionsTo, decide } from '../../../support/lab/committee.ts'
import { contributionBy } from '../../../support/protocols/messages.ts'
import { testKey } from '../../../support/protocols/network.ts'

describe('decideRound', () => {
  it('certifies the base that the peers build from the same contributions', async () => {
    const chain = await startChain()
    const decided = await decide(chain, await contributionsTo(chain, [1, 2, 3]))
    const { facts, head, store } = chain
    const checked = await checkNext(head, store, decided)
    const { lists, parentCertificate } = await readLineage(store, decided.base)
    const { inputs, excluded } = checked.opened
    assert.equal(inputs.length, 3)
    const spec = { round: 1, parent: head, parentCertificate, lists, inputs, excluded, amendment: null, rollback: null }
    const built = await buildBase(spec, { facts, store: copyStore(store) })
    assert.ok(equalCids(built.base, decided.base))
  })

  it('gives the same base and certificate for the same contributions, in whatever order they come', async () => {
    const chain = await startChain()
    const contributions = await contributionsTo(chain, [1, 2, 3])
    const [first, again] = [await decide(chain, contributions), await decide(chain, contributions)]
    assert.deepEqual(Buffer.from(again.certificate), Buffer.from(first.certificate))
    const turned = await decide(chain, contributions.toReversed())
    assert.ok(equalCids(turned.base, first.base))
    const others = await decide(chain, await contributionsTo(chain, [1, 2, 4]))
    assert.ok(!equalCids(others.base, first.base))
  })

  it('leaves out a checkpoint that is not finite, says why, and fuses the rest', async () => {
    const chain = await startChain()
    const honest = await contributionsTo(chain, [1, 2])
    const liar = await brokenContribution(chain)
    const decided = await decide(chain, [...honest, liar])
    assert.deepEqual([...decided.refused], [[String(liar.id), 'not-finite']])
    const { opened } = await checkNext(chain.head, chain.store, decided)
    assert.deepEqual(opened.inputs.map(({ id }) => String(id)).sort(), honest.map(({ id }) => String(id)).sort())
  })

  it('says that a round whose contributions all fail cannot end', async () => {
    const chain = await startChain()
    await assert.rejects(decide(chain, [await brokenContribution(chain)]), (error) => {
      assert.ok(isColdmeshError(error, 'bad-input'))
      assert.match(error.message, /Round 1 can't end.*not-finite/)
      return true
    })
  })
})

async function brokenContribution(chain: Awaited<ReturnType<typeof startChain>>) {
  const bytes = checkpointBytes(9)
  new DataView(bytes.buffer).setFloat32(TEST_LAYOUT.totalBytes - 4, Number.NaN, true)
  const checkpoint = await importBytes(bytes, chain.store)
  return contributionBy(testKey('liar'), chain.net, { round: 1, parent: chain.head.base, checkpoint })
}
