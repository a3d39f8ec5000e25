import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Lineage, lineage } from '../../../../protocols/lineage/messages.ts'
import { isOpenedLineage, type LineageView, openLineage } from '../../../../protocols/lineage/rules.ts'
import { certify } from '../../../../protocols/round/certificate.ts'
import { compareCids, equalCids } from '../../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../../protocols/wire/codec.ts'
import { reject, type Verdict } from '../../../../protocols/wire/verdict.ts'
import type { SignedContribution } from '../../../../src/rounds/state.ts'
import { flipBit, sampleBits } from '../../../support/protocols/flips.ts'
import { lineageFields, lineageView, type TestRound } from '../../../support/protocols/lineage.ts'
import { contributionBy, listBy, precommitsBy } from '../../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'

const net = testNetwork({ round: { minContributions: 2, maxContributions: 3 } })
const base = testCid('base of round 2')
const round: TestRound = { net, round: 2, base, baseWeights: testCid('base weights', 'file') }
const of = (name: string, overrides: Parameters<typeof contributionBy>[2] = {}) =>
  contributionBy(testKey(name), net, { round: 2, parent: base, ...overrides })

const [a, b] = [of('a'), of('b')]
const copy = of('c', { checkpoint: a.message.checkpoint })
const idle = of('d', { checkpoint: round.baseWeights })
const lists = net.members.slice(0, 3).map((key) => listBy(key, net, [a, b, copy, idle], { round: 2, parent: base }))
const vote = { network: net.network, round: 1, view: 0, base }
const parentCertificate = certify(precommitsBy(net.members, vote), 3)
const fields = lineageFields(round, lists, [a, b, copy, idle], { parentCertificate, weights: testCid('fused', 'file') })
const bytes = lineage.encode(fields)

const open = (changed: Partial<Lineage> = {}, view: Partial<LineageView<SignedContribution>> = {}) =>
  openLineage(lineage.encode({ ...fields, ...changed }), { ...lineageView(round), ...view })
const refused = (opened: ReturnType<typeof open>): Verdict => (isOpenedLineage(opened) ? assert.fail('opened') : opened)

describe('openLineage', () => {
  it('gives lists, inputs in id order, and exclusions with their reasons', () => {
    const opened = open()
    assert.ok(isOpenedLineage(opened))
    assert.equal(opened.isEmpty, false)
    assert.equal(opened.lists.length, 3)
    const ids = opened.inputs.map(({ id }) => id)
    assert.equal(ids.length, 2)
    assert.deepEqual([...ids].sort(compareCids), ids)
    const reasonOf = ({ id }: { id: typeof a.id }) =>
      opened.excluded.find(({ contribution }) => equalCids(contribution.id, id))?.reason
    assert.equal(reasonOf(idle), 'no-change')
    assert.ok([reasonOf(a), reasonOf(copy)].includes('copy'))
  })

  it('gives an empty lineage without inputs', () => {
    const opened = open({ inputs: [], excluded: [], weights: round.baseWeights })
    assert.ok(isOpenedLineage(opened))
    assert.equal(opened.isEmpty, true)
  })

  it('asks the view to judge the parent’s certificate, and passes its verdict on', () => {
    const verdict = reject('certificate-wrong-base')
    assert.deepEqual(refused(open({}, { judgeParentCertificate: () => verdict })), verdict)
  })

  it('passes on what the view says of embedded envelopes, ignored ones too', () => {
    const ignored: Verdict = { verdict: 'ignore', reason: 'some-reason' }
    assert.deepEqual(refused(open({}, { openContribution: () => ignored })), ignored)
    assert.deepEqual(refused(open({}, { openList: () => reject('not-a-member') })), reject('not-a-member'))
  })

  it('rejects a lineage of another round, network, parent, rule or quorum', () => {
    const wrong: readonly [Partial<LineageView<SignedContribution>>, string][] = [
      [{ round: 3 }, 'lineage-wrong-round'],
      [{ network: testCid('other', 'message') }, 'lineage-wrong-network'],
      [{ base: testCid('other') }, 'lineage-wrong-parent'],
      [{ fusion: { rule: 'mean/2', params: {} } }, 'lineage-other-fusion'],
      [{ fusion: { rule: 'mean/1', params: { eta: 1 } } }, 'lineage-other-fusion'],
      [{ quorum: 2 }, 'lineage-no-quorum-of-lists'],
      [{ quorum: 4 }, 'lineage-no-quorum-of-lists'],
      [{ minContributions: 3 }, 'lineage-too-few-inputs'],
      [{ maxContributions: 1 }, 'lineage-bad-list'],
      [{ threshold: 4 }, 'lineage-not-listed'],
      [{ isRecent: () => true }, 'lineage-other-inputs'],
      [{ parentOf: () => null }, 'lineage-other-inputs'],
    ]
    for (const [view, reason] of wrong) assert.deepEqual(refused(open({}, view)), reject(reason))
  })

  it('rejects bytes that are no lineage, with the codec’s reason', () => {
    const view = lineageView(round)
    const refuse = (candidate: Uint8Array) => refused(openLineage(candidate, view))
    assert.deepEqual(refuse(new Uint8Array()), reject('lineage-not-cbor'))
    assert.deepEqual(refuse(encodeCanonical({})), reject('lineage-missing-field'))
    assert.deepEqual(refuse(new Uint8Array(1_000_001)), reject('lineage-too-long'))
    assert.deepEqual(refuse(new Uint8Array(100_000).fill(0x81)), reject('lineage-too-deep'))
  })

  it('lets an error of the view through: that is our bug, not the peer’s', () => {
    const openList = () => {
      throw new TypeError('a bug')
    }
    assert.throws(() => open({}, { openList }), TypeError)
  })

  it('rejects a lineage with any one bit flipped, but for the weights, which fusion recomputes', (t) => {
    for (const bit of sampleBits(bytes, 600, testSeed(t))) {
      const opened = openLineage(flipBit(bytes, bit), lineageView(round))
      if (!isOpenedLineage(opened)) continue
      const { weights, ...others } = opened.lineage
      const { weights: before, ...othersBefore } = lineage.decode(bytes)
      assert.deepEqual(others, othersBefore, `bit ${bit}`)
      assert.ok(!equalCids(weights, before), `bit ${bit}`)
    }
  })
})
