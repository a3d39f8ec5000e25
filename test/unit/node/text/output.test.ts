import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { createOutput } from '../../../../node/text/output.ts'

const streams = (isTTY: boolean) => ({ stdout: Object.assign(new PassThrough(), { isTTY }), stderr: new PassThrough() })

describe('createOutput', () => {
  it('prints lines for people and objects for programs', () => {
    for (const [json, expected] of [
      [false, 'hello\none\n'],
      [true, '{"n":1}\n'],
    ] as const) {
      const { stdout, stderr } = streams(false)
      const output = createOutput({ json, stdout, stderr, environment: {} })
      output.say('hello')
      output.result({ n: 1 }, () => 'one')
      assert.equal(String(stdout.read()), expected)
    }
  })

  it('sends progress objects to standard error, progress lines to standard output', () => {
    const { stdout, stderr } = streams(false)
    createOutput({ json: true, stdout, stderr, environment: {} }).progress({ n: 1 }, () => 'one')
    assert.equal(String(stderr.read()), '{"n":1}\n')
    assert.equal(stdout.read(), null)
    createOutput({ json: false, stdout, stderr, environment: {} }).progress({ n: 1 }, () => 'one')
    assert.equal(String(stdout.read()), 'one\n')
  })

  it('colours on a terminal only, and never with NO_COLOR', () => {
    const red = (isTTY: boolean, environment: Record<string, string>) =>
      createOutput({ json: false, ...streams(isTTY), environment }).colors.red('x') !== 'x'
    assert.deepEqual(
      [red(true, {}), red(false, {}), red(true, { NO_COLOR: '1' }), red(true, { TERM: 'dumb' })],
      [true, false, false, false],
    )
  })

  it('goes on quietly when the reader leaves', async () => {
    const { stdout, stderr } = streams(false)
    const output = createOutput({ json: false, stdout, stderr, environment: {} })
    stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await new Promise(setImmediate)
    assert.equal(output.isOpen(), false)
    output.say('into the void')
    await output.flush()
  })
})
