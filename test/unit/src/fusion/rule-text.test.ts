import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatRule, parseRule } from '../../../../src/fusion/rule-text.ts'
import { type ErrorCode, isColdmeshError } from '../../../../src/ports/errors.ts'

const RULES: readonly (readonly [text: string, params: Readonly<Record<string, number>>])[] = [
  ['mean/1', {}],
  ['clipped-mean/1,step=0.5', { step: 500_000_000 }],
  ['median/1,step=0.999999999', { step: 999_999_999 }],
  ['trimmed-mean/1,trim=2', { trim: 2 }],
  ['weighted-mean/1,maxRows=1000', { maxRows: 1000 }],
  ['ties/1,density=0.2', { density: 200_000_000 }],
  ['ties/1,density=1,scale=0.000000001,step=0.07', { density: 1_000_000_000, scale: 1, step: 70_000_000 }],
]

describe('parseRule', () => {
  for (const [text, params] of RULES) {
    it(`reads ${text}, and formatRule writes it`, () => {
      const parsed = parseRule(text)
      assert.deepEqual(parsed, { rule: text.split(',')[0], params })
      assert.equal(formatRule(parsed), text)
    })
  }

  it('lets spaces and any order of parameters be', () => {
    assert.deepEqual(parseRule('ties/1, step=0.5, density=0.2'), parseRule('ties/1,density=0.2,step=0.5'))
  })

  const wrong: readonly (readonly [text: string, code: ErrorCode, message: RegExp])[] = [
    ['', 'unsupported', /rule "" is unknown/],
    ['median', 'unsupported', /rule "median" is unknown/],
    ['constructor', 'unsupported', /unknown/],
    ['median/1,trim=1', 'unsupported', /"trim" of median\/1/],
    ['median/1,constructor=1', 'unsupported', /"constructor"/],
    ['median/1,step', 'bad-input', /NAME=NUMBER, not "step"/],
    ['median/1,', 'bad-input', /NAME=NUMBER, not ""/],
    ['median/1,step=half', 'bad-input', /NAME=NUMBER/],
    ['median/1,step=1e-3', 'bad-input', /NAME=NUMBER/],
    ['median/1,step=-0.5', 'bad-input', /NAME=NUMBER/],
    ['median/1,step=0.0000000001', 'bad-input', /NAME=NUMBER/],
    ['median/1,step=1', 'bad-input', /out of its range/],
    ['median/1,step=0', 'bad-input', /out of its range/],
    ['median/1,step=0.5,step=0.5', 'bad-input', /there twice/],
    ['ties/1', 'bad-input', /missing/],
    ['trimmed-mean/1,trim=1.5', 'bad-input', /out of its range/],
  ]
  for (const [text, code, message] of wrong) {
    it(`refuses "${text}"`, () =>
      assert.throws(
        () => parseRule(text),
        (error) => isColdmeshError(error, code) && message.test(error.message) && error.hint !== undefined,
      ))
  }

  it('says the ranges as people write them', () => {
    assert.throws(
      () => parseRule('ties/1,density=2'),
      (error) => isColdmeshError(error) && /density from 0\.000000001 to 1;/.test(error.hint ?? ''),
    )
  })
})
