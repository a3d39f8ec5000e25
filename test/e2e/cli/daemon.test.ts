import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { SHIPPED_TASKS } from '../../../node/package-root.ts'
import { rawCid } from '../../../protocols/wire/codec.ts'
import { HEAP_FLAG, peakOf } from '../../bench/measure.ts'
import { rawCar } from '../../support/gateway/raw-car.ts'
import { type CliDaemon, runCli, startCli, startDaemon, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('daemon')
const dir = join(folder.path, 'alpha')
const data = join(SHIPPED_TASKS, 'wn-pos', 'train.csv')
const training = ['--steps', '3', '--batch', '8', '--max-tokens', '16']

/** Runs a command on the data directory and reads its last object. */
async function run(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCli([...args, '--dir', dir, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

describe('a daemon of a network of one', () => {
  let network: Record<string, unknown>
  let daemon: CliDaemon
  let base = ''

  before(async () => {
    await run('init', '--name', 'alpha')
    network = await run(
      ...['genesis', '--name', 'solo', '--min-contributions', '1'],
      ...['--collect', '0', '--grace', '0', '--view-timeout', '5'],
    )
    daemon = await startDaemon(['--dir', dir])
  })
  after(async () => {
    daemon.child.kill('SIGKILL')
    folder.remove()
  })

  it('says who it is and where its API is', () => {
    const { peerId, multiaddrs, api, network: id, round, invite } = daemon.ready
    assert.match(String(peerId), /^12D3KooW/)
    assert.match(String(multiaddrs), /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)
    assert.match(String(api), /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.deepEqual([id, round], [network['network'], 1])
    assert.match(String(invite), /^coldmesh1/)
    assert.equal(statSync(join(dir, 'control.json')).mode & 0o777, 0o600)
  })

  it('is the process that was started, and takes less than 300 MB', { skip: process.platform !== 'linux' }, () => {
    const of = (file: string): string => readFileSync(`/proc/${daemon.child.pid}/${file}`, 'utf8')
    const flags = of('cmdline').split('\0')
    assert.ok(flags.includes(HEAP_FLAG), String(flags))
    assert.equal(JSON.parse(readFileSync(join(dir, 'lock.json'), 'utf8')).pid, daemon.child.pid)
    assert.ok(peakOf(daemon.child.pid ?? 0) < 300e6)
  })

  it('answers status, peers, invite and an empty log', async () => {
    const status = await run('status')
    assert.equal(status['running'], true)
    assert.equal(status['base'], network['base'])
    assert.deepEqual(await run('peers'), { peers: [] })
    assert.equal((await run('invite'))['network'], network['network'])
    const { code, stdout } = await runCli(['log', '--dir', dir])
    assert.deepEqual([code, stdout], [0, 'no round has ended yet: the base is the one of the genesis\n'])
  })

  // fault 108
  it('keeps a second daemon off its data directory', async () => {
    const { code, stderr } = await runCli(['daemon', '--dir', dir])
    assert.equal(code, 5)
    assert.match(stderr, /^coldmesh: locked: /)
  })

  it('takes a join over, and the outcome comes back', async () => {
    const result = await run('join', '--data', data, '--task', 'wn-pos', ...training)
    assert.equal(result['event'], 'result')
    const rounds = result['rounds']
    assert.ok(Array.isArray(rounds))
    assert.equal(rounds[0].included, true, JSON.stringify(rounds))
    base = String(result['base'])
  })

  it('passes on why a join cannot be', async () => {
    const { code, stderr } = await runCli(['join', '--dir', dir, '--data', join(folder.path, 'absent.csv')])
    assert.equal(code, 2)
    assert.match(stderr, /^coldmesh: bad-input: .*absent\.csv/)
  })

  it('lets a stranger in with the invite: one command from nothing to a contribution', async () => {
    const stranger = join(folder.path, 'stranger')
    const mesh = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht']
    const sentiment = join(SHIPPED_TASKS, 'wn-sentiment', 'train.csv')
    const args = ['join', String(daemon.ready['invite']), '--dir', stranger, '--data', sentiment, '--json']
    const { code, stdout, stderr } = await runCli([...args, ...mesh, ...training])
    assert.equal(code, 0, stderr)
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const kinds = events.map(({ event }) => event)
    for (const kind of ['trained', 'announced', 'outcome', 'result'])
      assert.ok(kinds.includes(kind), `${kind}: ${kinds}`)
    const { rounds } = events.at(-1)
    assert.deepEqual([rounds.length, rounds[0].included], [1, true], stdout)
    base = rounds[0].base
  })

  it('refuses to hand a join for another network to this daemon', async () => {
    const other = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    const { code, stderr } = await runCli(['join', other, '--dir', dir, '--data', data])
    assert.equal(code, 2)
    assert.match(stderr, /another network/)
  })

  // fault 105
  it('cancels a join on SIGINT, here and in the daemon', async () => {
    const child = startCli(['join', '--dir', dir, '--data', data, '--steps', '100000', '--json'])
    const exit = new Promise((resolve) => child.once('exit', resolve))
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        if (String(chunk).includes('"event":"training"')) resolve()
      })
    })
    child.kill('SIGINT')
    assert.equal(await exit, 130)
    assert.equal((await run('status'))['training'], null)
  })

  it('logs, verifies and exports through the daemon', async () => {
    const entry = await run('log')
    assert.deepEqual([entry['round'], entry['parent']], [1, network['base']])
    assert.equal((await run('log', '--limit', '1'))['base'], base)
    const report = await run('verify', base)
    assert.deepEqual(
      [report['valid'], report['certified'], report['trusted'], report['level']],
      [true, true, true, 'full'],
    )
    const out = join(folder.path, 'exported online')
    await run('export', base, '--out', out)
    assert.ok(existsSync(join(out, 'model.safetensors')))
  })

  // fault 105
  it('takes in a CAR while it runs, and of one with a fault nothing', async () => {
    const car = rawCar(Buffer.from('of a CAR'))
    const [whole, lying] = [join(folder.path, 'whole.car'), join(folder.path, 'lying.car')]
    writeFileSync(whole, car)
    writeFileSync(lying, Buffer.concat([rawCar(Buffer.from('kept by nobody')), car.subarray(-9).fill(1)]))
    const usedBlocks = async () => Object((await run('status'))['store']).blocks
    const before = await usedBlocks()
    const refused = await runCli(['import', lying, '--dir', dir])
    assert.deepEqual([refused.code, refused.stdout], [2, ''])
    assert.match(refused.stderr, /^coldmesh: bad-input: .*lying\.car is no whole CAR file: .*\n {2}next: Make one/)
    const { roots, blocks } = await run('import', whole)
    assert.deepEqual([blocks, await usedBlocks()], [1, before + 1])
    assert.equal(String(roots), String(rawCid(Buffer.from('of a CAR'))))
  })

  it('stops cleanly on SIGTERM, in time, and takes its control file away', async () => {
    const { code, ms } = await daemon.stop('SIGTERM')
    assert.equal(code, 0)
    assert.ok(ms < 10_000, `took ${ms} ms`)
    assert.equal(existsSync(join(dir, 'control.json')), false)
  })

  it('leaves files that tell the same offline', async () => {
    const status = await run('status')
    assert.deepEqual(status, {
      ...{ running: false, network: network['network'], round: 2, base },
      ...{ evidence: [], fork: null, split: null, mismatches: [] },
    })
    assert.equal((await run('log', '--limit', '1'))['base'], base)
    const report = await run('verify', base, '--trust', String(network['network']))
    assert.deepEqual([report['valid'], report['trusted']], [true, true])
    const out = join(folder.path, 'exported offline')
    await run('export', base, '--out', out)
    assert.deepEqual(
      readFileSync(join(out, 'model.safetensors')),
      readFileSync(join(folder.path, 'exported online', 'model.safetensors')),
    )
  })

  it('exits 4 for an exported base with one changed bit, naming the link', async () => {
    const exported = join(folder.path, 'exported offline')
    const verify = ['verify', exported, '--level', 'signatures', '--json']
    const whole = await runCli(verify)
    const weights = join(exported, 'model.safetensors')
    const bytes = readFileSync(weights)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    writeFileSync(weights, bytes)
    const { code, stdout } = await runCli(verify)
    assert.equal(code, 4)
    const report = JSON.parse(stdout)
    assert.equal(report.valid, false)
    assert.match(JSON.stringify(report.failures), /model\.safetensors|weights/)
    assert.doesNotMatch(whole.stdout, /model\.safetensors|weights/)
  })

  it('leaves nothing behind that stops the next one, even when it was killed', async () => {
    const killed = await startDaemon(['--dir', dir])
    await killed.stop('SIGKILL')
    assert.ok(existsSync(join(dir, 'control.json')))
    assert.equal((await run('status'))['running'], false)
    const next = await startDaemon(['--dir', dir])
    assert.equal((await run('status'))['running'], true)
    const { code } = await next.stop('SIGINT')
    assert.equal(code, 0)
  })

  it('names the option when the API port is taken, and lets go of the directory', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const { code, stderr } = await runCli(['daemon', '--dir', dir, '--api-port', port, '--no-mdns', '--no-dht'])
    assert.equal(code, 5)
    assert.match(stderr, /^coldmesh: refused: .*\n {2}next: .*--api-port/)
    const listen = `/ip4/127.0.0.1/tcp/${port}`
    const taken = await runCli(['daemon', '--dir', dir, '--listen', listen, '--no-mdns', '--no-dht'])
    assert.equal(taken.code, 5, taken.stderr)
    assert.match(taken.stderr, new RegExp(`^coldmesh: refused: .*${port}`))
    server.close()
  })
})
