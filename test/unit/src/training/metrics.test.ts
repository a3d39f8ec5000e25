import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  accuracy,
  commonestOf,
  createLabelCounts,
  f1,
  macroF1,
  matthews,
  meanSquaredError,
  microF1,
  pearson,
  spearman,
} from '../../../../src/training/metrics.ts'

/** Counts of rows with one label each, or with lists of them. */
function counted<Label>(predicted: readonly Label[], actual: readonly Label[]) {
  return countedSets(
    predicted.map((label) => [label]),
    actual.map((label) => [label]),
  )
}

function countedSets<Label>(predicted: readonly (readonly Label[])[], actual: readonly (readonly Label[])[]) {
  const labels = createLabelCounts<Label>()
  for (const [row, there] of actual.entries()) labels.add(predicted[row] ?? [], there)
  return labels.counts()
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`)
}

describe('accuracy', () => {
  it('is the share that is right, 0 for none', () => {
    assert.equal(accuracy(counted(['a', 'b', 'a', 'b'], ['a', 'b', 'b', 'b'])), 0.75)
    assert.equal(accuracy(counted([], [])), 0)
  })
})

describe('macroF1', () => {
  it('is the mean of the F1 of each label, rare ones too', () => {
    // a: 2 right of 3 predicted and 2 actual -> 4/5; b: 1 right of 1 and 2 -> 2/3; c: predicted never, actual never
    assert.equal(macroF1(counted(['a', 'a', 'a', 'b'], ['a', 'a', 'b', 'b'])), (4 / 5 + 2 / 3) / 2)
  })

  it('counts a label that is predicted but never right as 0', () => {
    assert.equal(macroF1(counted([0, 2], [0, 0])), (2 / 3 + 0) / 2)
  })
})

describe('f1', () => {
  it('is about one label: the others may be wrong among themselves', () => {
    assert.equal(f1(counted(['a', 'a', 'a', 'b', 'c'], ['a', 'a', 'b', 'c', 'b']), 'a'), 4 / 5)
    assert.equal(f1(counted(['b'], ['c']), 'a'), 0)
  })
})

describe('matthews', () => {
  it('is the correlation of indicators, of two labels and of more', () => {
    // Two labels: (TP TN - FP FN) / sqrt(...) with TP 2, TN 1, FP 1, FN 0.
    near(matthews(counted([1, 1, 1, 0], [1, 1, 0, 0])), 2 / Math.sqrt(3 * 2 * 2 * 1))
    // Three: computed from the covariances of one-hot vectors.
    near(matthews(counted([2, 0, 1, 1, 2, 0, 2, 1, 0, 0], [2, 0, 2, 1, 2, 1, 2, 1, 0, 2])), 0.5940401295)
  })

  it('is 1 for the right, -1 for the opposite, 0 when one side is constant', () => {
    near(matthews(counted([0, 1, 1], [0, 1, 1])), 1)
    near(matthews(counted([1, 0, 0], [0, 1, 1])), -1)
    assert.equal(matthews(counted([1, 1, 1], [0, 1, 1])), 0)
    assert.equal(matthews(counted([], [])), 0)
  })
})

describe('pearson and spearman', () => {
  const x = [1.5, 2, 2, 3.25, 0, 4.5, 4.5, 4.5]
  const y = [1, 2, 1.5, 4, 0.5, 4, 5, 3]

  it('have the values of numpy, tied values sharing their mean rank', () => {
    near(pearson(x, y), 0.898906612565619)
    near(spearman(x, y), 0.9015094183400433)
  })

  it('refuse series of different lengths', () => {
    for (const metric of [pearson, meanSquaredError]) assert.throws(() => metric([1], []), RangeError)
  })

  it('are 0 where one side is constant', () => {
    assert.equal(pearson([2, 2, 2], [1, 2, 3]), 0)
    assert.equal(spearman([1, 2, 3], [4, 4, 4]), 0)
    assert.equal(pearson([], []), 0)
  })

  it('ignore scale and offset; Spearman any growing function', () => {
    const numbers = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
      minLength: 2,
      maxLength: 30,
    })
    fc.assert(
      fc.property(numbers, (pairs) => {
        const [a, b] = [pairs.map(([one]) => one), pairs.map(([, two]) => two)]
        const moved = a.map((value) => 3 * value - 7)
        assert.ok(Math.abs(pearson(moved, b) - pearson(a, b)) < 1e-9)
        const cubed = a.map((value) => value ** 3)
        assert.ok(Math.abs(spearman(cubed, b) - spearman(a, b)) < 1e-12)
        assert.ok(Math.abs(pearson(b, a) - pearson(a, b)) < 1e-12)
      }),
    )
  })
})

describe('meanSquaredError', () => {
  it('is in the unit squared', () => {
    assert.equal(meanSquaredError([1, 2], [3, 2]), 2)
    assert.equal(meanSquaredError([], []), 0)
  })
})

describe('scores of sets of labels', () => {
  const predicted = [[0, 1], [], [2], [0]]
  const actual = [[0], [], [2, 1], [0]]
  const counts = countedSets(predicted, actual)

  it('micro F1 counts all labels together', () => {
    // 3 right of 4 predicted and 4 actual
    assert.equal(microF1(counts), 6 / 8)
    assert.equal(microF1(countedSets([[]], [[]])), 0)
  })

  it('macro F1 is the mean over all labels, one that occurs nowhere as 0', () => {
    assert.equal(macroF1(counts, [0, 1, 2]), (1 + 0 + 1) / 3)
    assert.equal(macroF1(counts, [0, 1, 2, 3]), (1 + 0 + 1 + 0) / 4)
  })

  it('an exact match is a row with all labels right, in any order', () => {
    assert.equal(accuracy(counts), 2 / 4)
    assert.equal(accuracy(countedSets([[1, 2]], [[2, 1]])), 1)
  })
})

describe('commonestOf', () => {
  it('takes the first of equally common labels, none of none', () => {
    assert.equal(commonestOf(counted([], ['b', 'a', 'c', 'c', 'a']).there), 'a')
    assert.equal(commonestOf(new Map()), undefined)
  })
})
