import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import {
  createToken,
  readControlFile,
  removeControlFile,
  writeControlFile,
} from '../../../../node/control/control-file.ts'

describe('control.json', () => {
  const dir = mkdtempSync(join(tmpdir(), 'coldmesh-control-'))
  after(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'control.json')
  const file = { port: 4711, token: createToken(), pid: process.pid }

  it('is readable by its owner only, also when it replaces one that was not', () => {
    writeFileSync(path, '', { mode: 0o644 })
    writeControlFile(dir, file)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual({ ...readControlFile(dir) }, { version: 1, ...file })
  })

  it('counts as absent when its process is gone', () => {
    // Larger than any process number that a system hands out.
    writeControlFile(dir, { ...file, pid: 2 ** 31 - 2 })
    assert.equal(readControlFile(dir), null)
  })

  it('counts as absent when it is damaged or of another version', () => {
    for (const text of [
      '',
      '{',
      '[]',
      JSON.stringify({ version: 2, ...file }),
      JSON.stringify({ ...file, version: 1, port: 0 }),
    ]) {
      writeFileSync(path, text)
      assert.equal(readControlFile(dir), null, text)
    }
  })

  it('is removed by the process that wrote it, and by no other', () => {
    writeControlFile(dir, file)
    removeControlFile(dir, process.pid + 1)
    assert.equal(existsSync(path), true)
    removeControlFile(dir, process.pid)
    assert.equal(existsSync(path), false)
  })

  it('gets a new token every time', () => {
    assert.notEqual(createToken(), createToken())
    assert.ok(createToken().length >= 43)
  })
})
