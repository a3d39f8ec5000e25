import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RuleOptions, readRule } from '../../../../src/fusion/rule.ts'
import { assertSubnormals } from '../../../../src/fusion/self-test.ts'
import { type ErrorCode, isColdmeshError } from '../../../../src/ports/errors.ts'

const read = (changes: Partial<RuleOptions>) =>
  readRule({ rule: 'mean/1', params: {}, inputs: 3, rows: undefined, ...changes })

const refuses = (changes: Partial<RuleOptions>, code: ErrorCode, message: RegExp) =>
  assert.throws(
    () => read(changes),
    (error) => {
      assert.ok(isColdmeshError(error, code), String(error))
      assert.match(error.message, message)
      assert.ok(error.hint)
      return true
    },
  )

describe('readRule', () => {
  it('knows each rule, with step and without', () => {
    assert.deepEqual(read({}), { rule: 'mean/1', step: null })
    assert.deepEqual(read({ rule: 'median/1', params: { step: 500_000_000 } }), { rule: 'median/1', step: 0.5 })
    assert.deepEqual(read({ rule: 'clipped-mean/1' }), { rule: 'clipped-mean/1', step: null })
    assert.deepEqual(read({ rule: 'trimmed-mean/1', params: { trim: 1 } }), {
      rule: 'trimmed-mean/1',
      step: null,
      trim: 1,
    })
    const ties = { rule: 'ties/1', step: null, density: 200_000_000, scale: 1 }
    assert.deepEqual(read({ rule: 'ties/1', params: { density: 200_000_000 } }), ties)
    assert.deepEqual(read({ rule: 'ties/1', params: { density: 200_000_000, scale: 250_000_000 } }), {
      ...ties,
      scale: 0.25,
    })
    assert.deepEqual(read({ rule: 'weighted-mean/1', params: { maxRows: 100 }, rows: [5, 100, 101] }), {
      rule: 'weighted-mean/1',
      step: null,
      weights: [5, 100, 100],
    })
  })

  // fault 84: never falls through to the mean
  it('refuses names that it does not know, other versions and names that objects have', () => {
    for (const rule of ['', 'mean', 'mean/2', 'MEAN/1', 'mean/1 ', 'toString', '__proto__'])
      refuses({ rule }, 'unsupported', /unknown/)
  })

  it('refuses parameters that a rule does not have', () => {
    for (const param of ['trim', 'eta', '__proto__', 'toString'])
      refuses({ params: Object.fromEntries([[param, 1]]) }, 'unsupported', new RegExp(param))
    refuses({ rule: 'median/1', params: { density: 1 } }, 'unsupported', /density/)
  })

  it('refuses parameters that are missing or out of their range', () => {
    for (const step of [0, 1_000_000_000, -1, 0.5, Number.NaN]) refuses({ params: { step } }, 'bad-input', /not right/)
    refuses({ rule: 'trimmed-mean/1' }, 'bad-input', /not right/)
    refuses({ rule: 'trimmed-mean/1', params: { trim: 32 } }, 'bad-input', /not right/)
    refuses({ rule: 'ties/1' }, 'bad-input', /not right/)
    refuses({ rule: 'ties/1', params: { density: 1_000_000_001 } }, 'bad-input', /not right/)
    refuses({ rule: 'ties/1', params: { density: 1, scale: 1_000_000_001 } }, 'bad-input', /not right/)
    refuses({ rule: 'weighted-mean/1', rows: [1, 1, 1] }, 'bad-input', /not right/)
  })

  it('refuses fewer inputs than are trimmed, and inputs without rows', () => {
    refuses({ rule: 'trimmed-mean/1', params: { trim: 1 }, inputs: 2 }, 'bad-input', /too few/)
    const weighted = { rule: 'weighted-mean/1', params: { maxRows: 9 } }
    for (const rows of [undefined, [1, 1], [1, 1, 0], [1, 1, 1.5]])
      refuses({ ...weighted, rows }, 'bad-input', /number of rows/)
  })
})

describe('assertSubnormals', () => {
  it('passes on this machine', () => assert.doesNotThrow(assertSubnormals))
})
