import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exitCodeOf, isErrorCode } from '../../../node/exit-codes.ts'
import { ERROR_CODES } from '../../../src/ports/errors.ts'

describe('exit codes', () => {
  it('are documented for every code of the library', () => {
    const codes = Object.fromEntries(ERROR_CODES.map((code) => [code, exitCodeOf(code)]))
    assert.deepEqual(codes, {
      'bad-input': 2,
      'bad-checkpoint': 2,
      'bad-model': 2,
      'bad-dataset': 2,
      'block-missing': 3,
      'block-corrupt': 4,
      'too-large': 2,
      deadline: 3,
      unreachable: 3,
      'not-valid': 4,
      unsupported: 2,
      locked: 5,
      refused: 5,
      aborted: 130,
    })
  })

  it('do not take inherited names for codes', () => {
    assert.equal(isErrorCode('constructor'), false)
    assert.equal(isErrorCode('locked'), true)
  })
})
