import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { lockDirectory } from '../../../../../src/adapters/files/lock.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from './support.ts'

const LOCK_MODULE = new URL('../../../../../src/adapters/files/lock.ts', import.meta.url).href

/** Another process that takes the lock, says so, and holds it. */
async function holder(directory: string): Promise<ChildProcess> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(LOCK_MODULE)})
    await lockDirectory(${JSON.stringify(directory)})
    process.stdout.write('locked')
    setInterval(() => {}, 1000)
  `
  const args = ['--conditions=coldmesh-source', '--input-type=module', '--eval', script]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) })
  return child
}

describe('lockDirectory', () => {
  it('refuses a second owner in this process, until released', async () => {
    await using directory = await temporaryDirectory()
    const lock = await lockDirectory(directory.path)
    await assert.rejects(lockDirectory(directory.path), (error) => isColdmeshError(error, 'locked'))
    await lock.release()
    await lock.release()
    await using again = await lockDirectory(directory.path)
    assert.ok(again)
  })

  it('names the process that has it, and is free once that process was killed', async () => {
    await using directory = await temporaryDirectory()
    const child = await holder(directory.path)
    try {
      await assert.rejects(lockDirectory(directory.path), (error) => {
        return isColdmeshError(error, 'locked') && error.facts['pid'] === child.pid && error.hint !== undefined
      })
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await using lock = await lockDirectory(directory.path)
    assert.ok(lock)
  })
})
