import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseLayout } from '../../src/checkpoint/layout.ts'
import { type Validation, validateCheckpoint } from '../../src/fusion/validate.ts'
import type { Daemon } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'

const BIN = join(import.meta.dirname, '..', '..', 'node', 'coldmesh.js')

function coldmesh(...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, out: stdout + stderr })
    })
  })
}

async function validate(base: Uint8Array, checkpoint: Uint8Array): Promise<Validation> {
  const stream = async function* (bytes: Uint8Array) {
    yield bytes
  }
  return validateCheckpoint({
    layout: parseLayout(base, base.length),
    base: stream(base),
    checkpoint: stream(checkpoint),
  })
}

const fusedBase = async (daemon: Daemon | undefined, round: number) =>
  String(
    (await daemon?.event(({ event, ...of }) => event === 'fused' && of['round'] === round, `base ${round}`))?.['base'],
  )

// fault 73
describe('a network whose base has floats of 16 bits', () => {
  it('trains on BF16, fuses, certifies and verifies, and every checkpoint is BF16', async () => {
    await using network = await createTestNetwork({ members: 3, dtype: 'BF16', round: { collectMs: 1_000 } })
    const daemons = await network.startAll(() => ({ rounds: 1 }))
    const [base = '', ...others] = await Promise.all(daemons.map((daemon) => fusedBase(daemon, 1)))
    assert.deepEqual(others, [base, base])
    await Promise.all(daemons.map((daemon) => daemon.stop()))

    const dir = network.peers[0]?.dataDir ?? ''
    const report = await coldmesh('verify', base, '--dir', dir, '--trust', network.network, '--level', 'full', '--json')
    assert.equal(report.code, 0, report.out)
    const { valid, certified, rounds } = JSON.parse(report.out)
    assert.ok(valid && certified)
    assert.ok(rounds.every(({ fusion }: { fusion: string }) => fusion === 'reproduced'))

    const log = await coldmesh('log', '--dir', dir, '--json')
    const [newest = ''] = log.out.trim().split('\n')
    const inputs: readonly { checkpoint: string }[] = JSON.parse(newest).inputs
    assert.equal(inputs.length, 3, log.out)
    const started = await readFile(join(network.dir, 'base', 'model.safetensors'))
    const layout = parseLayout(started, started.length)
    assert.ok(layout.tensors.every(({ dtype }) => dtype === 'BF16'))
    const files: Buffer[] = []
    for (const cid of [base, ...inputs.map(({ checkpoint }) => checkpoint)]) {
      const out = join(network.dir, cid)
      assert.equal((await coldmesh('export', cid, '--dir', dir, '--out', out)).code, 0)
      const file = await readFile(join(out, 'model.safetensors'))
      assert.deepEqual(await validate(started, file), { ok: true })
      files.push(file)
    }
    assert.equal(
      new Set(files.map((file) => file.toString('latin1'))).size,
      files.length,
      'every training moved weights',
    )
  })

  // its zeros stay zeros: a step of 1e-8 is less than half of F16's smallest value
  it('says of a training that rounding undoes that it changed nothing, and how to go on', async () => {
    await using network = await createTestNetwork({ members: 1, dtype: 'F16', round: { minContributions: 1 } })
    const [peer] = network.peers
    assert.ok(peer)
    const data = ['--data', peer.data, '--text', 'text', '--label', 'label', '--steps', '1', '--batch', '4']
    const rate = ['--learning-rate', '0.00000001', '--max-tokens', '16', '--threads', '1']
    const mesh = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht']
    const { code, out } = await coldmesh('join', '--dir', peer.dataDir, ...data, ...rate, ...mesh)
    assert.equal(code, 2, out)
    assert.match(out, /changed nothing that is left after rounding to F16/)
    assert.match(out, /--learning-rate/)
  })
})
