import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readHead } from '../../../../../src/peer/heads.ts'
import { readLog } from '../../../../../src/peer/history/log.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { addRound, type Lie, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { collect } from '../../../../support/history/collect.ts'
import { rolledBackChain } from '../../../../support/history/rolled-back.ts'
import { ratifiedBy } from '../../../../support/protocols/amendments.ts'

const rounds = async () => await addRound(await addRound(await startChain()), { seeds: [7, 8] })

function to(chain: TestChain, round: number): Uint8Array {
  const base = round === 0 ? chain.net.genesis.base : (chain.entries[round - 1]?.base ?? assert.fail('no such round'))
  return ratifiedBy(chain.net.members.slice(0, 3), chain.net, { rollback: { base } })
}

async function verify({ network, store, entries }: TestChain) {
  const last = entries.at(-1)
  assert.ok(last)
  return await verifyBase({
    ...{ network, store, base: last.base, certificate: last.certificate },
    ...{ level: 'full', trust: String(network.id) },
  })
}

describe('a history with a rollback', () => {
  it('is valid at level full, in whichever view it was certified, and goes on', async () => {
    for (const round of [0, 1]) {
      const chain = await rounds()
      const back = await addRound(chain, { amendment: to(chain, round) })
      const weights = round === 0 ? back.facts.weights : chain.head.history.find((one) => one.round === round)?.weights
      assert.equal(String(back.head.weights), String(weights))
      const report = await verify(await addRound(back, { seeds: [11, 12] }))
      assert.deepEqual(report.failures, [])
      assert.ok(report.valid)
      assert.ok(report.rounds.every(({ fusion }) => fusion === 'reproduced'))
    }
  })

  it('is told with what was reverted, and by which round', async () => {
    const { network, store, entries } = await rolledBackChain()
    const told = async (rounds: number) => {
      const log = await collect(readLog({ network, store, ...(entries[rounds - 1] ?? assert.fail()) }))
      return log.map(({ round, revertedBy }) => [round, revertedBy])
    }
    assert.deepEqual(await told(4), [
      [4, null],
      [3, null],
      [2, 3],
      [1, null],
    ])
    assert.deepEqual(await told(2), [
      [2, null],
      [1, null],
    ])
  })

  it('gives the head that a restart reads', async () => {
    const chain = await rounds()
    const back = await addRound(await addRound(chain, { amendment: to(chain, 1) }), { seeds: [11, 12] })
    const { network, facts, store, entries, head } = back
    const read = await readHead(network, facts, store, { entries })
    const told = ({ history }: typeof head) =>
      history.map(({ round, weights, isEmpty, rolledBackTo }) => [
        round,
        String(weights),
        isEmpty,
        String(rolledBackTo),
      ])
    assert.deepEqual(told(read), told(head))
  })

  it('names the lineage of a round that goes back otherwise than its quorum wanted', async () => {
    const chain = await rounds()
    const other = chain.head.history.find(({ round }) => round === 0)?.weights
    assert.ok(other)
    const lies: readonly (readonly [name: string, lie: Lie, reason: RegExp])[] = [
      ['other weights', { lineage: (honest) => ({ ...honest, weights: other }) }, /lineage-rollback-other-weights/],
      [
        'no amendment',
        { lineage: ({ amendment: _, ...rest }) => rest },
        /lineage-empty-changes-weights|lineage-not-listed|lineage-other/,
      ],
    ]
    for (const [name, lie, reason] of lies) {
      const report = await verify(await addRound(chain, { amendment: to(chain, 1), lie }))
      assert.ok(!report.valid, name)
      const [first] = report.failures
      assert.deepEqual([first?.round, first?.link], [3, 'lineage'], JSON.stringify(report.failures))
      assert.match(first?.reason ?? '', reason)
    }
  })

  it('is not valid where too few wanted it, though a quorum certified it', async () => {
    const chain = await rounds()
    const few = ratifiedBy(chain.net.members.slice(0, 2), chain.net, {
      rollback: { base: chain.entries[0]?.base ?? assert.fail() },
    })
    const lie: Lie = { lineage: (honest) => ({ ...honest, amendment: few }) }
    const report = await verify(await addRound(chain, { amendment: to(chain, 1), lie }))
    assert.match(report.failures[0]?.reason ?? '', /ratification-no-quorum/)
  })
})
