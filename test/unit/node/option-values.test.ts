import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { resolveOptions } from '../../../node/option-values.ts'
import { flagOf, variableOf } from '../../../node/options.ts'
import { readOptionsFile } from '../../../node/options-file.ts'

const none = { flags: {}, environment: {}, file: {} }
const badInput = (message: RegExp) => ({ code: 'bad-input', message })

describe('resolveOptions', () => {
  it('takes a flag before a variable, a variable before the file, the file before the default', () => {
    const file = { apiPort: ['1'], quorum: ['crash'] }
    const environment = { COLDMESH_API_PORT: '2' }
    assert.equal(resolveOptions(['apiPort'], { flags: { apiPort: ['3'] }, environment, file }).apiPort, 3)
    assert.equal(resolveOptions(['apiPort'], { ...none, environment, file }).apiPort, 2)
    assert.equal(resolveOptions(['apiPort'], { ...none, file }).apiPort, 1)
    assert.equal(resolveOptions(['apiPort'], none).apiPort, 0)
    assert.equal(resolveOptions(['quorum'], { ...none, file }).quorum, 'crash')
  })

  it('gives absent switches false, absent lists nothing, absent values undefined', () => {
    assert.deepEqual(resolveOptions(['keep', 'peer', 'steps'], none), { keep: false, peer: [], steps: undefined })
  })

  it('splits a list in a variable at commas', () => {
    const environment = { COLDMESH_PEER: '/ip4/1.2.3.4/tcp/1, /ip4/1.2.3.4/tcp/2' }
    assert.deepEqual(resolveOptions(['peer'], { ...none, environment }).peer, [
      '/ip4/1.2.3.4/tcp/1',
      '/ip4/1.2.3.4/tcp/2',
    ])
  })

  it('reads switches from words', () => {
    const keep = (word: string) => resolveOptions(['keep'], { ...none, environment: { COLDMESH_KEEP: word } }).keep
    assert.deepEqual(['1', 'true', 'YES', '0', 'off', ''].map(keep), [true, true, true, false, false, false])
    assert.throws(() => keep('maybe'), badInput(/COLDMESH_KEEP takes true or false, not "maybe"/))
  })

  it('refuses numbers that are none, not whole, or out of range, naming the option', () => {
    const port = (text: string) => resolveOptions(['apiPort'], { ...none, flags: { apiPort: [text] } })
    for (const text of ['', 'x', '1.5', '-1', '65536', '1e999', 'NaN', '0x']) {
      assert.throws(() => port(text), badInput(/^--api-port takes a whole number from 0 to 65535, not/), text)
    }
    const rate = () => resolveOptions(['learningRate'], { ...none, file: { learningRate: ['fast'] } })
    assert.throws(rate, badInput(/"learningRate" in the options file takes a number of at least 0, not "fast"/))
  })

  it('refuses what is not among the choices, empty texts and NUL', () => {
    assert.throws(
      () => resolveOptions(['level'], { ...none, flags: { level: ['deep'] } }),
      badInput(/--level takes signatures or sample or full, not "deep"/),
    )
    assert.throws(() => resolveOptions(['dir'], { ...none, flags: { dir: [' '] } }), badInput(/--dir is empty/))
    assert.throws(() => resolveOptions(['dir'], { ...none, flags: { dir: ['a\0b'] } }), badInput(/NUL/))
  })
})

describe('option names', () => {
  it('become flags and variables', () => {
    assert.equal(flagOf('learningRate'), '--learning-rate')
    assert.equal(variableOf('noMdns'), 'COLDMESH_NO_MDNS')
  })
})

describe('readOptionsFile', () => {
  const dir = mkdtempSync(join(tmpdir(), 'coldmesh-options-'))
  after(() => rmSync(dir, { recursive: true }))
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }

  it('is empty when the data directory has none', () => {
    assert.deepEqual(readOptionsFile(undefined, dir), {})
  })

  it('reads values and lists as texts', () => {
    const path = file('good.json', '{"steps": 10, "peer": ["/ip4/1.2.3.4/tcp/1"], "keep": true}')
    assert.deepEqual(readOptionsFile(path, undefined), { steps: ['10'], peer: ['/ip4/1.2.3.4/tcp/1'], keep: ['true'] })
  })

  it('refuses an unknown name, other JSON, no JSON, and a named file that is not there', () => {
    const refused = (path: string, message: RegExp) =>
      assert.throws(() => readOptionsFile(path, undefined), badInput(message))
    refused(file('unknown.json', '{"stepz": 1}'), /sets "stepz", which is no option/)
    refused(file('array.json', '[1]'), /is not an object of option values/)
    refused(file('broken.json', '{'), /is not JSON/)
    refused(join(dir, 'absent.json'), /cannot be read/)
  })
})
