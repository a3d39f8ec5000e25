import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseChange, parseRound } from '../../../../node/commands/change.ts'
import { CliError } from '../../../../node/failure.ts'
import { STATUS } from '../../../support/node/fake-peer.ts'

const key = '12'.repeat(32)
const nothing = { add: [], remove: [], set: [] }
const parse = (options: Partial<typeof nothing | { readonly [name: string]: readonly string[] }>) =>
  parseChange({ ...nothing, ...options }, STATUS.terms)

describe('parseChange', () => {
  it('names members by name or key', () => {
    assert.deepEqual(parse({ add: [`dora=${key.toUpperCase()}`] }), { add: [{ name: 'dora', key }] })
    assert.deepEqual(parse({ remove: ['beta'] }), { remove: ['cd'.repeat(32)] })
    assert.deepEqual(parse({ remove: ['AB'.repeat(32)] }), { remove: ['ab'.repeat(32)] })
  })

  it('sets any term', () => {
    assert.deepEqual(parse({ set: ['minContributions=3', 'collectMs=60000', 'quorum=crash'] }), {
      round: { minContributions: 3, collectMs: 60_000 },
      quorum: 'crash',
    })
    assert.deepEqual(parse({ set: ['gate=0.02'] }), { gate: { maxDrop: 0.02 } })
    assert.deepEqual(parse({ set: ['gate=off', 'contributors=vouched'] }), { gate: null, contributors: 'vouched' })
    assert.deepEqual(parse({ set: [`contributors=${key}`, 'rule=mean/1'] }), {
      contributors: [key],
      fusion: { rule: 'mean/1', params: {} },
    })
  })

  it('says what is wrong', () => {
    const wrong: readonly (readonly [Parameters<typeof parse>[0], RegExp])[] = [
      [{ add: ['dora'] }, /--add takes NAME=KEY/],
      [{ remove: ['zoe'] }, /No member is called "zoe"/],
      [{ set: ['speed=3'] }, /--set takes NAME=VALUE/],
      [{ set: ['minContributions'] }, /--set takes NAME=VALUE/],
      [{ set: ['minContributions=1.5'] }, /whole number/],
      [{ set: ['gate=2'] }, /fraction from 0 to 1/],
      [{ set: ['quorum=simple'] }, /byzantine or crash/],
    ]
    for (const [options, message] of wrong) {
      assert.throws(
        () => parse(options),
        (error) => error instanceof CliError && error.code === 'bad-input' && message.test(error.message),
      )
    }
  })
})

describe('parseRound', () => {
  it('reads the fields of the round that a genesis sets', () => {
    assert.deepEqual(parseRound(['keepRounds=20', 'maxViews=2', 'keepRounds=9']), { keepRounds: 9, maxViews: 2 })
    assert.deepEqual(parseRound([]), {})
  })

  it('names the fields when it is none of them', () => {
    assert.throws(
      () => parseRound(['gate=0.1']),
      (error) => error instanceof CliError && /historyRounds.*maxStaleness/.test(String(error.hint)),
    )
  })
})
