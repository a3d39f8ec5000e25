import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Daemon } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'
import { type Running, startProcess } from '../support/e2e/process.ts'
import { runCli } from '../support/node/cli.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
const MAX_LINES = 60

function startExample(file: string, ...args: readonly string[]): Running {
  return startProcess(process.execPath, ['--conditions=coldmesh-source', join(EXAMPLES, file), ...args])
}

/** Exit code and output of an example that ends by itself. */
async function runExample(file: string, ...args: readonly string[]): Promise<{ code: number | null; out: string }> {
  const running = startExample(file, ...args)
  const code = await running.ended
  return { code, out: running.lines.join('\n') }
}

// Two members, of whom one is an example; both must vote, and a stranger's contribution is needed for a round.
describe('the examples', () => {
  let network: TestNetwork
  let daemon: Daemon
  let invite = ''
  let peer: Running
  const dataDir = (at: number) => network.peers[at]?.dataDir ?? ''

  before(async () => {
    network = await createTestNetwork({ members: 2, round: { minContributions: 2, collectMs: 500, graceMs: 500 } })
    const [founder] = network.peers
    assert.ok(founder)
    daemon = await network.start(founder, { rounds: 1 })
    const ready = await daemon.event(({ event }) => event === 'ready', 'ready')
    invite = String(ready['invite'])
    peer = startExample('start-a-peer.ts', dataDir(1), invite)
  })
  after(async () => {
    peer?.kill()
    await network?.[Symbol.asyncDispose]()
  })

  it(`are files under ${MAX_LINES} lines that import the package by its name`, () => {
    const files = readdirSync(EXAMPLES).filter((file) => file.endsWith('.ts'))
    assert.deepEqual(files, ['join-a-round.ts', 'start-a-peer.ts', 'train-a-model.ts', 'verify-a-base.ts'])
    for (const file of files) {
      const text = readFileSync(join(EXAMPLES, file), 'utf8')
      assert.ok(text.split('\n').length < MAX_LINES, file)
      assert.match(text, /from 'coldmesh'/)
      assert.doesNotMatch(text, /from '\./)
    }
  })

  it('train a model without a network, and score it on rows that it has not seen', async () => {
    const data = network.peers[0]?.data ?? ''
    const out = join(network.dir, 'trained')
    const { code, out: said } = await runExample('train-a-model.ts', join(network.dir, 'base'), data, data, out)
    assert.equal(code, 0, said)
    assert.match(said, /^test accuracy [01]\.\d{3} on 120 rows$/m)
    assert.ok(readdirSync(out).includes('head.safetensors'))
  })

  it('start a peer that says what the round waits for', async () => {
    await peer.line(/^status round 1, .*, base bafy\w+, waits for contributions \(\d of 2\)$/)
    await peer.line(/^status round 1, .* 1 peers/)
    assert.match(await peer.line(/^invite /), /^invite coldmesh1/)
  })

  it('join a round with a dataset, from nothing but an invite', async () => {
    const data = network.peers[1]?.data ?? ''
    const { code, out } = await runExample('join-a-round.ts', join(network.dir, 'stranger'), invite, data)
    assert.equal(code, 0, out)
    assert.match(out, /^120 rows, \d labels$/m)
    assert.match(out, /^trained: held-out accuracy [01]\.\d{3}$/m)
    assert.match(out, /^round 1: included$/m)
    const base = /^base (bafy\w+)$/m.exec(out)?.[1]
    const certified = await peer.line(/^round 1 certified base/)
    assert.equal(certified, `round 1 certified base ${base}`)
  })

  it('stop the peer on Ctrl-C, with its directory free for the next', async () => {
    peer.interrupt()
    assert.equal(await peer.ended, 0, peer.lines.join('\n'))
    assert.equal(peer.lines.at(-1), 'stopped')
  })

  it('verify the base in a data directory and in an exported one', async () => {
    await daemon.stop()
    const trust = ['--trust', network.network]
    for (const dir of [dataDir(0), dataDir(1)]) {
      const { code, out } = await runExample('verify-a-base.ts', ...trust, '--data-dir', dir)
      assert.equal(code, 0, out)
      assert.match(out, /^round 1: bafy\w+, certified, 2 inputs, reproduced\nbafy\w+ is valid$/m)
    }
    const status: { base: string } = JSON.parse((await runCli(['status', '--dir', dataDir(0), '--json'])).stdout)
    const exported = join(network.dir, 'exported')
    const { code, stderr } = await runCli(['export', status.base, '--dir', dataDir(0), '--out', exported])
    assert.equal(code, 0, stderr)
    const files = await runExample('verify-a-base.ts', ...trust, '--data-dir', dataDir(0), exported)
    assert.equal(files.code, 0, files.out)
    const car = join(network.dir, 'base.car')
    const written = await runCli(['export', status.base, '--dir', dataDir(0), '--car', car])
    assert.equal(written.code, 0, written.stderr)
    const keys = network.peers.flatMap(({ key }) => ['--trust', key])
    for (const level of ['signatures', 'sample', 'full']) {
      const alone = await runExample('verify-a-base.ts', ...keys, '--level', level, car)
      assert.equal(alone.code, 0, alone.out)
      const fusion = { signatures: 'null', sample: 'sampled', full: 'reproduced' }[level]
      assert.match(alone.out, new RegExp(`^round 1: bafy\\w+, certified, 2 inputs, ${fusion}$`, 'm'))
    }
    const stranger = await runExample('verify-a-base.ts', '--trust', '1'.repeat(64), car)
    assert.equal(stranger.code, 4, stranger.out)
  })

  it('exit with 4 for another genesis and for one changed bit, naming the link', async () => {
    const trust = ['--trust', network.base]
    const other = await runExample('verify-a-base.ts', ...trust, '--data-dir', dataDir(0))
    assert.equal(other.code, 4, other.out)
    const weights = join(network.dir, 'exported', 'model.safetensors')
    const bytes = readFileSync(weights)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    writeFileSync(weights, bytes)
    const flipped = ['--trust', network.network, '--data-dir', dataDir(0), join(network.dir, 'exported')]
    const changed = await runExample('verify-a-base.ts', ...flipped)
    assert.equal(changed.code, 4, changed.out)
    assert.match(changed.out, /round 1, (weights|file model\.safetensors|directory)/)
  })
})
