import assert from 'node:assert/strict'
import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { SHIPPED_TASKS } from '../../../node/package-root.ts'
import { type Daemon, startDaemon } from '../../support/e2e/daemon.ts'
import { writeTinyBase } from '../../support/e2e/tiny-base.ts'
import { runCli, startCli, startDaemon as startCliDaemon, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('interrupt')
const dir = join(folder.path, 'alpha')
const data = join(SHIPPED_TASKS, 'wn-pos', 'train.csv')
const MESH = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht']
const TRAINING = ['--train-on', data, '--threads', '1', '--batch', '8', '--max-tokens', '16']
const UNKNOWN_GENESIS = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

const started: Daemon[] = []

function start(args: readonly string[] = []): Daemon {
  const daemon = startDaemon({ name: 'alpha', dataDir: dir, args: [...MESH, ...args] })
  started.push(daemon)
  return daemon
}

/** Resolves when `name` is in the data directory. Call before it can be. */
function appears(name: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(dir, () => {
      if (!existsSync(join(dir, name))) return
      watcher.close()
      resolve()
    })
  })
}

/** A stop that takes more than ten seconds ends with 130: exit code 0 says that it was clean and in time. */
async function stopsCleanly(daemon: Daemon, signal: NodeJS.Signals): Promise<void> {
  daemon.kill(signal)
  assert.deepEqual(await daemon.ended, { code: 0, signal: null }, daemon.output.slice(-20).join('\n'))
  assert.equal(existsSync(join(dir, 'control.json')), false)
}

// fault 105. Each phase begins on the directory that the one before left: it must be free again.
describe('a daemon that is interrupted', () => {
  before(async () => {
    const base = join(folder.path, 'base')
    await writeTinyBase(base)
    const policy = ['--min-contributions', '1', '--collect', '0', '--grace', '0', '--view-timeout', '5']
    const { code, stderr } = await runCli(['genesis', '--dir', dir, '--name', 'solo', '--base', base, ...policy])
    assert.equal(code, 0, stderr)
  })
  afterEach(() => {
    for (const daemon of started) daemon.kill('SIGKILL')
  })

  it('stops cleanly while it starts: it says that it was interrupted, or was ready by then', async () => {
    const locked = appears('lock.json')
    const daemon = start()
    await locked
    daemon.kill('SIGINT')
    const { code, signal } = await daemon.ended
    const output = daemon.output.join('\n')
    assert.equal(signal, null)
    assert.ok(code === 0 || (code === 130 && /"code":"aborted"/.test(output)), `${code}: ${output}`)
  })

  it('stops cleanly while it waits for contributions', async () => {
    const daemon = start()
    await daemon.event(({ event }) => event === 'ready', 'ready')
    assert.match(JSON.stringify((await daemon.status())['waitingFor']), /"what":"contributions"/)
    await stopsCleanly(daemon, 'SIGTERM')
  })

  // fault 106
  it('serves on when its reader left, and stops cleanly', async () => {
    const { child, stop } = await startCliDaemon(['--dir', dir])
    child.stdout.destroy()
    child.stderr.destroy()
    const join = ['join', '--dir', dir, '--data', data, '--batch', '8', '--max-tokens', '16', '--steps', '1', '--json']
    const { code, stdout, stderr } = await runCli(join)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /"event":"result"/)
    assert.equal((await stop('SIGTERM')).code, 0)
  })

  it('stops cleanly while it trains', async () => {
    const daemon = start([...TRAINING, '--steps', '100000'])
    await daemon.event(({ event }) => event === 'training', 'the first step')
    await stopsCleanly(daemon, 'SIGINT')
  })

  it('stops cleanly while it fuses, and the round ends after the next start', async () => {
    const daemon = start([...TRAINING, '--steps', '2', '--rounds', '1'])
    await daemon.event(({ event }) => event === 'view', 'the view in which it proposes')
    await stopsCleanly(daemon, 'SIGTERM')
    const next = start()
    const { round } = await next.event(({ event }) => event === 'ready', 'the next start')
    // The base may have been certified before the signal came.
    if (round !== 3) await next.event((entry) => entry.event === 'fused' && entry['round'] === 2, 'the base of round 2')
    assert.equal((await next.status())['round'], 3)
    await stopsCleanly(next, 'SIGINT')
  })
})

describe('a command that is interrupted', () => {
  after(folder.remove)

  it('stops while it looks for the network', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const stranger = join(folder.path, `stranger ${signal}`)
      const child = startCli(['join', UNKNOWN_GENESIS, '--dir', stranger, '--data', data, ...MESH])
      const exit = new Promise((resolve) => child.once('exit', (code, by) => resolve([code, by])))
      let stderr = ''
      child.stderr.on('data', (chunk) => {
        stderr += chunk
      })
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk) => {
          if (String(chunk).includes('looks for the network')) resolve()
        })
      })
      child.kill(signal)
      assert.deepEqual(await exit, [130, null], stderr)
      assert.match(stderr, /^coldmesh: aborted: /)
    }
  })
})
