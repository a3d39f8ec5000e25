import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CliError, describeFailure, formatFailure } from '../../../node/failure.ts'
import { ColdmeshError } from '../../../src/ports/errors.ts'

describe('describeFailure', () => {
  it("takes code, sentence, hint and facts of the library's errors", () => {
    const error = new ColdmeshError('locked', 'The directory is in use.', { hint: 'Stop it.', facts: { pid: 7 } })
    assert.deepEqual(describeFailure(error), {
      code: 'locked',
      message: 'The directory is in use.',
      hint: 'Stop it.',
      facts: { pid: 7 },
      exitCode: 5,
    })
  })

  it("knows the command line's own errors too", () => {
    assert.equal(describeFailure(new CliError('bad-input', 'No.')).exitCode, 2)
  })

  it('calls every other error a bug', () => {
    const failure = describeFailure(new TypeError('x is not a function'))
    assert.equal(failure.code, 'bug')
    assert.equal(failure.exitCode, 1)
    assert.match(failure.hint ?? '', /COLDMESH_DEBUG/)
  })

  it('does not take a system error for one of the table', () => {
    assert.equal(describeFailure(Object.assign(new Error('no'), { code: 'ENOENT', facts: {} })).code, 'bug')
    assert.equal(describeFailure(Object.assign(new Error('no'), { code: 'aborted' })).code, 'bug')
  })

  it('takes an abort for an interruption', () => {
    assert.equal(describeFailure(new DOMException('stop', 'AbortError')).exitCode, 130)
  })
})

describe('formatFailure', () => {
  const failure = describeFailure(new CliError('bad-input', 'no \u001b[2J file', { hint: 'check --data' }))

  it('prints code, sentence and next step, escaped', () => {
    assert.equal(
      formatFailure(failure, { json: false }),
      'coldmesh: bad-input: no \\u{1b}[2J file\n  next: check --data',
    )
  })

  it('prints one object on one line for programs', () => {
    const text = formatFailure(failure, { json: true })
    assert.equal(text.includes('\n'), false)
    assert.deepEqual(JSON.parse(text), {
      error: { code: 'bad-input', message: 'no \u001b[2J file', hint: 'check --data', facts: {} },
    })
  })
})
