import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Daemon } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { skipWithoutKubo as skip, startKubo } from '../support/kubo/kubo.ts'

const BIN = join(import.meta.dirname, '..', '..', 'node', 'coldmesh.js')

function coldmesh(...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, out: stdout + stderr })
    })
  })
}

async function fusedBase(daemon: Daemon | undefined, round: number): Promise<string> {
  const event = await daemon?.event(({ event, ...of }) => event === 'fused' && of['round'] === round, `base ${round}`)
  return String(event?.['base'])
}

const read = (path: string) => readFile(path).then((bytes) => bytes.toString('base64'))

describe('a member that keeps everything in Kubo', { skip }, () => {
  it('runs rounds among others; Kubo has the base, whole; it goes on after both were restarted', async () => {
    await using network = await createTestNetwork({ members: 3, round: { collectMs: 1_000 } })
    const [, ben] = network.peers
    if (ben === undefined) throw new Error('three members')
    await using kubo = await startKubo(join(network.dir, 'kubo'))
    const ipfs = ['--ipfs', await kubo.address()]
    const startOf = (peer: TestPeer) => ({
      rounds: 1,
      args: ['--delta', 'on', '--log-level', 'info', ...(peer === ben ? ipfs : [])],
    })
    const daemons = await network.startAll(startOf)
    const [base = '', ...others] = await Promise.all(daemons.map((daemon) => fusedBase(daemon, 1)))
    assert.deepEqual(others, [base, base])
    for (const { name, output } of daemons) {
      const logged = (event: string) => output.some((line) => line.includes(`"${event}"`))
      assert.ok(logged('delta-made') && logged('delta-used'), `${name} used no delta`)
    }
    await Promise.all(daemons.map((daemon) => daemon.stop()))

    // What is there besides are files to work on; Kubo has them too.
    const folder = join(ben.dataDir, 'blocks')
    await rm(join(folder, 'files'), { recursive: true })
    const left = await readdir(folder, { recursive: true, withFileTypes: true })
    assert.deepEqual(
      left.filter((entry) => entry.isFile()).map(({ name }) => name),
      ['kubo.json'],
    )
    const proof = ['--dir', ben.dataDir, '--trust', network.network, '--level', 'full', '--json']
    const report = await coldmesh('verify', base, ...proof)
    assert.equal(report.code, 0, report.out)
    const exported = join(network.dir, 'exported')
    assert.equal((await coldmesh('export', base, '--dir', ben.dataDir, '--out', exported)).code, 0)
    // What members gave up since is not among what Kubo keeps.
    await kubo.ipfs('repo', 'gc')
    const got = join(network.dir, 'got')
    await kubo.ipfs('get', '--offline', '--output', got, base)
    for (const name of await readdir(exported)) {
      assert.equal(await read(join(got, name)), await read(join(exported, name)), name)
    }
    assert.equal(await kubo.ipfs('add', '--only-hash', '--quieter', '--recursive', exported), base)

    await kubo.stop()
    const refused = await coldmesh('log', '--dir', ben.dataDir)
    assert.notEqual(refused.code, 0)
    assert.match(refused.out, /Kubo node at .* does not answer[\s\S]*ipfs daemon/)
    await kubo.restart()
    // On another port now.
    ipfs[1] = await kubo.address()
    const back = await network.startAll(startOf)
    const [next, ...same] = await Promise.all(back.map((daemon) => fusedBase(daemon, 2)))
    assert.deepEqual(same, [next, next])
  })
})
