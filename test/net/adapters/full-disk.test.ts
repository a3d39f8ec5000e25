import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { openJournal } from '../../../src/adapters/files/journal.ts'
import { temporaryDirectory } from './support.ts'

// Faults, item 45. The system refuses to let a file grow, as a full disk does; the limit needs a POSIX shell.
describe('when the disk refuses to write', { skip: process.platform === 'win32' }, () => {
  it('says so, loses nothing acknowledged, keeps nothing half, and goes on when there is room', async () => {
    await using directory = await temporaryDirectory()
    const script = new URL('./full-disk.ts', import.meta.url).pathname
    const command = 'ulimit -f 32 && exec "$0" --conditions=coldmesh-source "$1" "$2"'
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command, process.execPath, script, directory.path])
    const { codes, acknowledged, large, small } = JSON.parse(stdout)
    assert.deepEqual(codes, ['refused', 'refused', 'refused'])
    assert.equal(large, false)
    assert.equal(small, true)
    assert.ok(acknowledged > 5)

    const journal = await openJournal(join(directory.path, 'journal'))
    assert.equal(journal.records.length, acknowledged + 2)
    assert.deepEqual(
      journal.records.slice(-2).map((record) => [...record]),
      [[7], [8]],
    )
    await journal.append(new Uint8Array(100_000))
    await journal.close()
    assert.deepEqual((await readdir(directory.path)).toSorted(), ['blocks', 'journal'])
    assert.deepEqual(await readdir(join(directory.path, 'blocks')), ['packed'])
  })
})
