import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  judgeReport,
  MAX_PER_AUTHOR_AND_BASE,
  MAX_PER_BASE,
  type ReportView,
} from '../../../../protocols/report/rules.ts'
import { equalCids } from '../../../../protocols/wire/bytes.ts'
import { ACCEPT, ignore, reject } from '../../../../protocols/wire/verdict.ts'
import { reportBy } from '../../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'

const net = testNetwork()
const key = testKey('contributor')
const by = (overrides: Parameters<typeof reportBy>[2] = {}) => reportBy(key, net, overrides)
const view = (overrides: Partial<ReportView> = {}): ReportView => ({
  roundOf: (base) => (equalCids(base, net.genesis.base) ? 0 : null),
  isKnown: () => false,
  heldSeq: () => null,
  countByAuthor: () => 0,
  countOf: () => 0,
  ...overrides,
})

describe('judgeReport', () => {
  it('accepts a report about a base that it knows', () => assert.deepEqual(judgeReport(by(), view()), ACCEPT))

  it('rejects seeds out of order and errors that no seeds can have, known base or not', () => {
    const elsewhere = { base: testCid('elsewhere') }
    assert.deepEqual(judgeReport(by({ ...elsewhere, seeds: [3, 1] }), view()), reject('unsorted-seeds'))
    assert.deepEqual(judgeReport(by({ ...elsewhere, seeds: [3] }), view()), reject('impossible-error'))
    assert.deepEqual(judgeReport(by({ seeds: [3], standardError: 0 }), view()), ACCEPT)
  })

  it('ignores a base of another network, and one that it does not know yet', () => {
    assert.deepEqual(judgeReport(by({ base: testCid('elsewhere') }), view()), ignore('unknown-base'))
  })

  it('rejects a round that is not its base’s', () => {
    assert.deepEqual(judgeReport(by({ round: 1 }), view()), reject('wrong-round'))
  })

  it('lets a newer report of the author take the place of an older, and no other', () => {
    const held = view({ heldSeq: () => 4, countByAuthor: () => MAX_PER_AUTHOR_AND_BASE })
    assert.deepEqual(judgeReport(by({ seq: 5 }), held), ACCEPT)
    assert.deepEqual(judgeReport(by({ seq: 4, value: 1 }), held), ignore('not-newer'))
    assert.deepEqual(judgeReport(by({ seq: 3 }), held), ignore('not-newer'))
  })

  it('ignores what is beyond an author’s share, and a base’s', () => {
    const author = view({ countByAuthor: () => MAX_PER_AUTHOR_AND_BASE })
    assert.deepEqual(judgeReport(by(), author), ignore('author-limit'))
    assert.deepEqual(judgeReport(by(), view({ countOf: () => MAX_PER_BASE })), ignore('base-limit'))
    assert.deepEqual(judgeReport(by(), view({ countOf: () => MAX_PER_BASE - 1 })), ACCEPT)
  })
})
