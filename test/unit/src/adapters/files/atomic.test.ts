import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { writeFileAtomic } from '../../../../../src/adapters/files/atomic.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from './support.ts'

describe('writeFileAtomic', () => {
  it('makes the directory, sets the mode and replaces what was there', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'a', 'b', 'file')
    await writeFileAtomic(path, Buffer.from('one'), { mode: 0o600 })
    await writeFileAtomic(path, Buffer.from('two'), { mode: 0o600 })
    assert.equal(await readFile(path, 'utf8'), 'two')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(join(directory.path, 'a', 'b')), ['file'])
  })

  it('leaves nothing behind when it fails', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'file')
    await mkdir(path)
    await assert.rejects(writeFileAtomic(path, Buffer.from('x')), (error) => isColdmeshError(error, 'refused'))
    assert.deepEqual(await readdir(directory.path), ['file'])
  })

  it('says that the disk refuses, and what to do', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'file')
    await writeFileAtomic(file, Buffer.from('x'))
    await assert.rejects(writeFileAtomic(join(file, 'below'), Buffer.from('x')), (error) => {
      return isColdmeshError(error, 'refused') && error.facts['system'] === 'EEXIST' && error.hint !== undefined
    })
  })
})
