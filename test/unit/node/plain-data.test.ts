import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { joinRequest } from '../../../node/control/shapes.ts'
import { isErrorCode } from '../../../node/exit-codes.ts'
import { describeFailure } from '../../../node/failure.ts'
import { readOptionsFile } from '../../../node/options-file.ts'
import { readConfig } from '../../../src/adapters/config/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldmesh-plain-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'] as const

// fault 66
describe('names that every object has', () => {
  for (const name of NAMES) {
    it(`are no option: ${name}`, () => {
      const path = join(folder, 'options.json')
      writeFileSync(path, `{"${name}": "x"}`)
      assert.throws(
        () => readOptionsFile(path, undefined),
        new RegExp(`sets "${name}"|is not an object of option values`),
      )
    })

    it(`are no field of a request: ${name}`, () => {
      const text = '{"data": "/x", "text": "a", "label": "b"'
      assert.equal(joinRequest.parse(JSON.parse(`${text}}`)).rounds, undefined)
      const parsed = joinRequest.safeParse(JSON.parse(`${text}, "${name}": {"rounds": 1}}`))
      assert.equal(parsed.data?.rounds, undefined)
      // The server's own parser refuses __proto__ before: see api.test.ts.
      if (name !== '__proto__') assert.equal(parsed.success, false)
    })

    it(`are no error code: ${name}`, () => {
      assert.equal(isErrorCode(name), false)
      const error = Object.assign(new Error('x'), { code: name, facts: {} })
      assert.equal(describeFailure(error).code, 'bug')
    })
  }

  it('give a config nothing that it does not say itself', async () => {
    writeFileSync(join(folder, 'config.json'), '{"version": 1, "__proto__": {"network": "bafy"}}')
    const config = await readConfig(folder).catch((error: unknown) => String(error))
    assert.ok(typeof config === 'string' ? /config\.json/.test(config) : config?.network === null)
    writeFileSync(join(folder, 'config.json'), '{"version": 1, "constructor": {"network": "bafy"}}')
    await assert.rejects(readConfig(folder), /constructor|nrecognized/)
  })

  it('change no other object', () => assert.deepEqual(Object.keys(Object.prototype), []))
})
