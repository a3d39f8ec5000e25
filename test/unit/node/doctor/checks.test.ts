import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { checkDataDir, checkDisk, checkMachine, checkMemory } from '../../../../node/doctor/checks.ts'

const signal = new AbortController().signal

describe('what doctor looks at', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'doctor-'))
  after(() => rm(dir, { recursive: true }))

  it('says what the machine has', () => {
    assert.ok(checkMachine().found.includes(process.versions.node))
    assert.match(checkMemory().found, /^\d+\.\d GB of \d+\.\d GB available$/)
  })

  it('measures the disk where a directory will be', async () => {
    const { found } = await checkDisk(join(dir, 'not', 'yet'))
    assert.ok(found.endsWith(` free at ${dir}`), found)
  })

  it('finds nothing wrong with a directory that is none yet', async () => {
    const [check, ...others] = await checkDataDir(dir, join(dir, 'key'), signal)
    assert.deepEqual([check?.ok, check?.found, others], [true, `${dir} is none yet`, []])
  })

  it('finds a key that others may read, and says how to close it', async () => {
    const key = join(dir, 'key')
    await writeFile(key, 'secret')
    await chmod(key, 0o644)
    const [open] = await checkDataDir(dir, key, signal)
    assert.deepEqual([open?.ok, open?.hint], [false, `chmod 600 ${key}`])
    await chmod(key, 0o600)
    const [closed, daemon] = await checkDataDir(dir, key, signal)
    assert.deepEqual([closed?.ok, daemon?.ok, daemon?.found], [true, true, 'none runs on it'])
  })
})
