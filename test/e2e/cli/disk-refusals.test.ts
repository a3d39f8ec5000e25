import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { BIN } from '../../../node/package-root.ts'
import { mountSmallDisk, type SmallDisk } from '../../support/disk/small-disk.ts'
import { createTestNetwork, type TestNetwork } from '../../support/e2e/network.ts'
import { runCli, startCli, startDaemon } from '../../support/node/cli.ts'

const LOCAL = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht']
const MEGABYTES = 16

/** A failure as programs read it. */
function failureOf(stderr: string): { code: string; message: string; hint: string } {
  const line = stderr.trimEnd().split('\n').at(-1) ?? ''
  return JSON.parse(line).error
}

/** Exit code 5, and words that say what the system refused and what to do. */
function assertRefused(ended: { code: number | null; stderr: string }, reason: RegExp, hint: RegExp): void {
  assert.equal(ended.code, 5, ended.stderr)
  const failure = failureOf(ended.stderr)
  assert.match(failure.message, reason)
  assert.match(failure.hint, hint)
}

describe('a data directory', () => {
  let network: TestNetwork
  let disk: SmallDisk
  let dir = ''

  before(async () => {
    network = await createTestNetwork({ members: 1 })
    disk = await mountSmallDisk(join(network.dir, 'small'), MEGABYTES)
    dir = join(disk.path, 'peer')
    cpSync(network.peers[0]?.dataDir ?? '', dir, { recursive: true })
  })
  after(async () => {
    await disk[Symbol.asyncDispose]()
    await network[Symbol.asyncDispose]()
  })

  // docs/reliability.md: fault 45.
  it('on a full disk is refused with exit code 5 and left as it was, and serves when there is room', async () => {
    await disk.fill()
    assertRefused(await runCli(['daemon', '--dir', dir, '--json', ...LOCAL]), /ENOSPC/, /full.*free/i)
    const fresh = join(disk.path, 'fresh')
    assertRefused(await runCli(['init', '--dir', fresh, '--json']), /ENOSPC/, /full.*free/i)
    assert.equal(existsSync(join(fresh, 'key')), false)
    await disk.free()
    assert.equal((await runCli(['init', '--dir', fresh, '--json'])).code, 0)
    const daemon = await startDaemon(['--dir', dir])
    assert.equal((await daemon.stop()).code, 0)
  })

  // docs/reliability.md: fault 46.
  it('on a read-only disk is refused with exit code 5', async () => {
    await disk.setReadOnly(true)
    assertRefused(await runCli(['daemon', '--dir', dir, '--json', ...LOCAL]), /EROFS/, /read-only.*another/i)
    const fresh = join(disk.path, 'never')
    assertRefused(await runCli(['init', '--dir', fresh, '--json']), /cannot be made|EROFS/, /another/i)
    await disk.setReadOnly(false)
  })

  // docs/reliability.md: fault 46. Node itself needs about twenty.
  it('with too few open files is refused with exit code 5, at each place where they may run out', async () => {
    for (const files of [24, 30]) {
      const script = `ulimit -n ${files} && exec "$0" "$@"`
      const args = ['-c', script, process.execPath, BIN, 'daemon', '--dir', dir, '--json', ...LOCAL]
      const ended = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
        const child = execFile('/bin/sh', args, { timeout: 60_000 }, (_error, _stdout, stderr) =>
          resolve({ code: child.exitCode, stderr }),
        )
      })
      assertRefused(ended, /EMFILE/, /ulimit -n/)
    }
  })

  // docs/reliability.md: faults 44 and 108.
  it('takes one of two daemons that start at once, and the next when that one was killed', async () => {
    const starting = [1, 2].map(() => startCli(['daemon', '--dir', dir, '--json', ...LOCAL]))
    const ends = starting.map(async (child) => {
      let stderr = ''
      child.stderr.on('data', (chunk) => {
        stderr += chunk
      })
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
      return { child, code, stderr }
    })
    const loser = await Promise.race(ends)
    const winner = starting.find((child) => child !== loser.child)
    assertRefused(loser, /in use by (another process|process \d+)/, /Stop that process/)
    assert.equal(failureOf(loser.stderr).code, 'locked')
    assert.equal(winner?.exitCode, null, 'the other one runs')
    // Killed while it may be starting still: the system frees the lock.
    winner?.kill('SIGKILL')
    await Promise.all(ends)
    const next = await startDaemon(['--dir', dir])
    assertRefused(
      await runCli(['daemon', '--dir', dir, '--json', ...LOCAL]),
      new RegExp(`process ${next.child.pid}`),
      /kill/,
    )
    assert.equal((await next.stop()).code, 0)
  })
})
