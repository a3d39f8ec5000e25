import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { REJECT_WEIGHT, SCORE_THRESHOLDS, scoreParams } from '../../../../../src/adapters/libp2p/scoring.ts'

describe('scoring', () => {
  const { gossipThreshold = 0, publishThreshold = 0, graylistThreshold = 0 } = SCORE_THRESHOLDS
  const after = (rejects: number): number => REJECT_WEIGHT * rejects ** 2

  it('forgives a mistake and cuts off who goes on, step by step', () => {
    assert.ok(after(2) > gossipThreshold)
    assert.ok(after(3) < gossipThreshold && after(3) > publishThreshold)
    assert.ok(after(5) < publishThreshold && after(5) > graylistThreshold)
    assert.ok(after(8) < graylistThreshold)
  })

  it('punishes silence nowhere: our topics are quiet for hours', () => {
    for (const topic of Object.values(scoreParams({ topics: ['a', 'b'] }).topics ?? {})) {
      assert.equal(topic.meshMessageDeliveriesWeight, 0)
      assert.equal(topic.meshFailurePenaltyWeight, 0)
    }
  })

  // Fault 10.
  it('counts peers of one address, but not on loopback', () => {
    const params = scoreParams({ topics: [], peersPerAddress: 3 })
    assert.equal(params.IPColocationFactorThreshold, 3)
    assert.ok((params.IPColocationFactorWeight ?? 0) < 0)
    assert.ok(params.IPColocationFactorWhitelist?.has('127.0.0.1'))
  })
})
