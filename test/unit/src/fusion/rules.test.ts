import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { meanF32 } from '../../../../src/fusion/mean.ts'
import { findRule, IMPLEMENTED_RULES } from '../../../../src/fusion/rules.ts'
import { assertSubnormals } from '../../../../src/fusion/self-test.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'

describe('findRule', () => {
  it('gives mean/1 its kernel', () => {
    assert.equal(findRule('mean/1', {}).F32, meanF32)
    assert.deepEqual(IMPLEMENTED_RULES, ['mean/1'])
  })

  // fault 84: never falls through to the mean
  for (const rule of ['clipped-mean/1', 'weighted-mean/1', 'trimmed-mean/1', 'median/1', 'ties/1']) {
    it(`refuses ${rule} by name`, () => {
      assert.throws(
        () => findRule(rule, {}),
        (error) => isColdmeshError(error, 'unsupported') && error.message.includes(`${rule} is not computed`),
      )
    })
  }

  it('refuses names that it does not know, other versions and names that objects have', () => {
    for (const rule of ['', 'mean', 'mean/2', 'MEAN/1', 'mean/1 ', 'toString', '__proto__']) {
      assert.throws(
        () => findRule(rule, {}),
        (error) => isColdmeshError(error, 'unsupported') && error.message.includes('unknown'),
        rule,
      )
    }
  })

  it('refuses step and every other parameter', () => {
    for (const param of ['step', 'trim', '__proto__']) {
      const params = Object.fromEntries([[param, 1]])
      assert.throws(
        () => findRule('mean/1', params),
        (error) => isColdmeshError(error, 'unsupported') && error.message.includes(param),
      )
    }
  })
})

describe('assertSubnormals', () => {
  it('passes on this machine', () => assert.doesNotThrow(assertSubnormals))
})
