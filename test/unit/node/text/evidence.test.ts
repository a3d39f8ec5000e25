import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pc from 'picocolors'
import { contradictionLine, formatEvidence } from '../../../../node/text/evidence.ts'
import { encodeEvidence } from '../../../../protocols/round/evidence.ts'
import { verifyEvidence } from '../../../../src/peer/evidence-report.ts'
import { listBy } from '../../../support/protocols/messages.ts'
import { testCid, testNetwork } from '../../../support/protocols/network.ts'

const net = testNetwork()
const [liar] = net.members
if (!liar) throw new Error('a member')
const entry = { id: testCid('a', 'message') }
const bytes = encodeEvidence(net.network, listBy(liar, net, [entry]), listBy(liar, net, [], { seq: 1 }))
const colors = pc.createColors(false)

describe('evidence as text', () => {
  it('says who, which round, how and when in one line', () => {
    const line = contradictionLine({
      author: 'ab'.repeat(32),
      name: 'eve',
      round: 3,
      kind: 'prevote/1',
      contradiction: 'same-slot',
      seenMs: 0,
    })
    assert.equal(
      line,
      'evidence: eve (…abababab) contradicted itself in round 3: two prevotes in one place, seen 1970-01-01T00:00:00.000Z',
    )
  })

  it('shows both messages, and that both signatures hold', () => {
    const text = formatEvidence(verifyEvidence(bytes), colors)
    assert.match(text, /proven\n/)
    assert.match(text, /a later list drops an entry/)
    assert.match(text, /seq 0, 1 contributions .*; signature holds/)
    assert.match(text, /seq 1, 0 contributions; signature holds/)
    assert.match(text, /you named no genesis to trust/)
  })

  it('says why it proves nothing', () => {
    const text = formatEvidence(verifyEvidence(bytes, { trust: String(testCid('other', 'message')) }), colors)
    assert.match(text, /not proven: evidence-wrong-network/)
  })

  it('escapes names, which peers choose', () => {
    const facts = { author: 'ab', round: 1, kind: 'list/1', contradiction: 'same-slot', seenMs: null } as const
    const line = contradictionLine({ ...facts, name: 'a\u001b[31m\u202e' })
    assert.ok(
      ['\u001b', '\u202e'].every((character) => !line.includes(character)),
      line,
    )
  })
})
