import assert from 'node:assert/strict'
import { chmod, readdir, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createKey, readKey } from '../../../../../src/adapters/files/key-file.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from './support.ts'

const refused = (pattern: RegExp) => (error: unknown) =>
  isColdmeshError(error, 'refused') && pattern.test(error.message)

// fault 63
describe('key file', () => {
  it('comes back as it was made, readable by its owner only, with nothing beside it', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'key')
    const seed = await createKey(path)
    assert.equal(seed.byteLength, 32)
    assert.deepEqual(await readKey(path), seed)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(directory.path), ['key'])
  })

  it('is never replaced', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'key')
    const seed = await createKey(path)
    await assert.rejects(createKey(path), refused(/already/))
    assert.deepEqual(await readKey(path), seed)
  })

  it('is refused when others can read it', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'key')
    await createKey(path)
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      await chmod(path, mode)
      await assert.rejects(readKey(path), refused(new RegExp(`mode ${mode.toString(8)}`)))
    }
  })

  it('is refused when truncated, too long, a link or missing, and no new one appears', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'key')
    await assert.rejects(readKey(path), refused(/does not exist/))
    assert.deepEqual(await readdir(directory.path), [])
    await createKey(path)
    await symlink(path, join(directory.path, 'link'))
    await assert.rejects(readKey(join(directory.path, 'link')), refused(/regular file/))
    await truncate(path, 31)
    await assert.rejects(readKey(path), refused(/31 bytes/))
    await writeFile(path, Buffer.alloc(33))
    await assert.rejects(readKey(path), refused(/33 bytes/))
  })
})
