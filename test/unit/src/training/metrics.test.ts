import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accuracy, macroF1, majorityAccuracy } from '../../../../src/training/metrics.ts'

describe('accuracy', () => {
  it('is the share that is right, 0 for none', () => {
    assert.equal(accuracy(['a', 'b', 'a', 'b'], ['a', 'b', 'b', 'b']), 0.75)
    assert.equal(accuracy([], []), 0)
  })

  it('refuses lists of different lengths', () => {
    assert.throws(() => accuracy(['a'], []), RangeError)
    assert.throws(() => macroF1(['a'], []), RangeError)
  })
})

describe('macroF1', () => {
  it('is the mean of the F1 of each label, rare ones too', () => {
    // a: 2 right of 3 predicted and 2 actual -> 4/5; b: 1 right of 1 and 2 -> 2/3; c: predicted never, actual never
    assert.equal(macroF1(['a', 'a', 'a', 'b'], ['a', 'a', 'b', 'b']), (4 / 5 + 2 / 3) / 2)
  })

  it('counts a label that is predicted but never right as 0', () => {
    assert.equal(macroF1([0, 2], [0, 0]), (2 / 3 + 0) / 2)
  })
})

describe('majorityAccuracy', () => {
  it('is the share of the commonest training label', () => {
    assert.equal(majorityAccuracy(['a', 'b', 'b'], ['a', 'a', 'a', 'b']), 0.25)
    assert.equal(majorityAccuracy([], ['a']), 0)
  })

  it('takes the first of equally common labels', () => {
    assert.equal(majorityAccuracy(['b', 'a'], ['a']), 1)
  })
})
