import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runCli, startCli, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('demo')
after(folder.remove)

const CID = /^baf[a-z0-9]{56}$/
const isFraction = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1

describe('coldmesh demo', () => {
  it('ends with one object: rounds, accuracies of both bases, a verified base, peers that agree', async () => {
    const dir = join(folder.path, 'kept')
    const args = ['demo', '--rounds', '1', '--peers', '2', '--dir', dir, '--keep', '--json']
    const { code, stdout, stderr } = await runCli(args, { timeoutMs: 300_000 })
    assert.equal(code, 0, stderr.slice(-2_000))
    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, 1)
    const { network, base, verified, seconds, rounds, tasks, peers } = JSON.parse(lines[0] ?? '')
    assert.match(network, CID)
    assert.match(base, CID)
    assert.equal(verified, true)
    assert.ok(seconds > 0)
    assert.equal(rounds.length, 1)
    assert.deepEqual([rounds[0].round, rounds[0].base, rounds[0].inputs.length], [1, base, 2])
    assert.deepEqual(Object.keys(rounds[0].inputs[0]), ['id', 'author', 'checkpoint'])
    assert.deepEqual(
      tasks.map(({ seen }: { seen: boolean }) => seen),
      [true, true, false, false],
    )
    for (const { pretrained, final } of tasks) {
      assert.ok([pretrained.frozen, pretrained.full, final.frozen, final.full].every(isFraction))
    }
    assert.deepEqual(
      peers.map((peer: { name: string; base: string }) => [peer.name, peer.base]),
      [
        ['alpha', base],
        ['beta', base],
      ],
    )
    for (const line of stderr.trimEnd().split('\n')) assert.equal(typeof JSON.parse(line), 'object')

    const verify = await runCli(['verify', base, '--dir', peers[1].dataDir, '--trust', network, '--json'])
    assert.equal(verify.code, 0, verify.stdout)
  })

  // fault 105
  it('stops on SIGINT in time, and leaves no folder behind', async () => {
    const dir = join(folder.path, 'interrupted')
    const child = startCli(['demo', '--peers', '2', '--dir', dir])
    let stdout = ''
    const exit = new Promise((resolve) => child.once('exit', resolve))
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        stdout += chunk
        if (stdout.includes('is ready')) resolve()
      })
    })
    const from = performance.now()
    child.kill('SIGINT')
    assert.equal(await exit, 130)
    assert.ok(performance.now() - from < 15_000)
    assert.equal(existsSync(dir), false)
  })
})
