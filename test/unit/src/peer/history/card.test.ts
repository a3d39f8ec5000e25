import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { createTermsBook } from '../../../../../src/peer/terms-book.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { ratifiedBy } from '../../../../support/protocols/amendments.ts'

const fusion = { rule: 'clipped-mean/1', params: { step: 500_000_000 } }

/** Clipping, an amendment that adds a member, rounds under the new terms, a late contribution, an empty round. */
async function build(): Promise<TestChain> {
  const start = await startChain('cards', {
    card: 'card/3',
    fusion,
    round: { minContributions: 1, maxStaleness: 4, historyRounds: 8, keepRounds: 8 },
  })
  const change = { quorum: 'crash' as const, round: { maxViews: 6 }, fusion: { rule: 'median/1', params: {} } }
  const amendment = ratifiedBy(start.net.members.slice(0, 3), start.net, change)
  let chain = await addRound(start, { isCrowded: true, amendment })
  chain = await addRound(chain, { seeds: [4, 5] })
  chain = await addRound(chain, { seeds: [6, 7], late: [{ seed: 8, parent: 1 }] })
  return await addRound(chain, { seeds: [], view: 6 })
}

async function cardOf({ entries, store }: TestChain, round: number): Promise<string> {
  const { card } = await openBase(entries[round - 1]?.base ?? assert.fail(), store.get)
  return new TextDecoder().decode(await store.get(card ?? assert.fail()))
}

describe('card/3 in a history', () => {
  it('says what counted, what was amended, who decides, and what was late, and is verified', async () => {
    const chain = await build()
    const { network, store, entries } = chain
    const [first, second, third, fourth] = await Promise.all([1, 2, 3, 4].map((round) => cardOf(chain, round)))
    assert.match(first ?? '', /\| parameters \| step 500000000 \|/)
    assert.match(first ?? '', /\| 65536\/65536 of 1\/3 \|/)
    assert.match(first ?? '', /## Left out\n\n.*\n.*\n(\|.*\n)*\|.*\| no-change \|/)
    assert.match(
      first ?? '',
      /From round 3 on:\n\n- quorum: `crash`\n- maxViews 6\n- fusion rule: `median\/1`, parameters: none/,
    )
    assert.match(first ?? '', /\| committee \| 3 of 4 members decide \(`byzantine`\) \|/)
    assert.match(second ?? '', /\| fusion rule \| `clipped-mean\/1` \|/)
    assert.match(third ?? '', /\| fusion rule \| `median\/1` \|/)
    assert.match(third ?? '', /\| committee \| 3 of 4 members decide \(`crash`\) \|/)
    assert.match(third ?? '', new RegExp(`\\| round 1, \`${entries[0]?.base}\` \\|`))
    assert.match(fourth ?? '', /None: this round kept/)

    const newest = entries.at(-1) ?? assert.fail()
    const terms = createTermsBook(network, { entries })
    const report = await verifyBase({ network, termsAt: terms.at, store, ...newest, level: 'full' })
    assert.deepEqual(report.failures, [])
    assert.equal(report.valid, true)
  })

  it('with another number of votes, or another factor, is no card of its base', async () => {
    const start = await startChain('cards', { card: 'card/3', fusion })
    for (const [said, told] of [
      ['3 of 4 members', '2 of 4 members'],
      ['65536/65536 of', '65535/65536 of'],
    ] as const) {
      const lie = { card: (card: Uint8Array) => Buffer.from(Buffer.from(card).toString('utf8').replace(said, told)) }
      const { network, store, entries } = await addRound(start, { lie })
      const report = await verifyBase({ network, store, ...(entries[0] ?? assert.fail()), level: 'signatures' })
      assert.deepEqual(
        report.failures.map(({ round, link }) => `${round} ${link}`),
        ['1 card'],
      )
    }
  })
})
