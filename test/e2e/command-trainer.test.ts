import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { completePlan, createCommandTrainer, isColdmeshError } from 'coldmesh'
import { contribution, lineage, openEnvelope, parseCid } from 'coldmesh/protocols'
import { mountSmallDisk } from '../support/disk/small-disk.ts'
import { createTestNetwork } from '../support/e2e/network.ts'
import { runCli, temporaryFolder } from '../support/node/cli.ts'
import { sentenceDataset, tinyModel } from '../support/training/tiny.ts'

const PROGRAM = join(import.meta.dirname, '..', 'support', 'command', 'program.mjs')
const engineOf = (behaviour: string) => `command:"${process.execPath}" "${PROGRAM}" ${behaviour}`
const DEADLINE_MS = 90_000

describe('a round of two peers, one of which trains by a program', () => {
  it('ends in a base of both, and says who trained how', async () => {
    const round = { minContributions: 2, collectMs: 500, graceMs: 500 }
    await using network = await createTestNetwork({ members: 2, round })
    const [founder, second] = network.peers
    assert.ok(founder && second)
    const first = await network.start(founder, { rounds: 1 })
    const invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])
    const other = await network.start(second, { invite, rounds: 1, args: ['--engine', engineOf('good')] })
    const engine = await other.event(({ event }) => event === 'engine', 'engine')
    assert.equal(engine['engine'], 'command')
    const fused = await other.event(({ event }) => event === 'fused', 'fused', DEADLINE_MS)
    await first.event(({ event, base }) => event === 'fused' && base === fused['base'], 'fused', DEADLINE_MS)
    assert.ok(other.events.some(({ event, step }) => event === 'training' && step === 4))
    await Promise.all([first.stop(), other.stop()])

    assert.deepEqual(readdirSync(join(second.dataDir, 'command')), ['logs'])
    const out = join(network.dir, 'exported')
    const { code, stderr } = await runCli(['export', String(fused['base']), '--dir', second.dataDir, '--out', out])
    assert.equal(code, 0, stderr)
    const { inputs } = lineage.decode(await readFile(join(out, 'lineage.cbor')))
    const id = parseCid(network.network)
    assert.ok(id !== null)
    const trainings = inputs.map((input) => {
      const opened = openEnvelope(input, [contribution], id)
      assert.ok('message' in opened)
      return `${opened.message.training.trainer} on ${opened.message.training.device}`
    })
    assert.deepEqual(trainings.sort(), ['command on abacus', 'onnx on cpu'])
  })
})

describe('coldmesh train with a program', () => {
  it('says what went wrong, exits as the failure asks, and leaves nothing where the model should be', async () => {
    const folder = temporaryFolder('command')
    try {
      const data = join(import.meta.dirname, '..', '..', 'examples', 'data', 'tasks', 'wn-animal', 'validation.csv')
      const out = join(folder.path, 'out')
      const args = ['train', '--data', data, '--out', out, '--engine', engineOf('crash')]
      const crashed = await runCli(args, { env: { TMPDIR: folder.path } })
      assert.equal(crashed.code, 5)
      assert.match(crashed.stderr, /^coldmesh: refused: .* ended with exit code 3:/)
      assert.match(crashed.stderr, /at last: no such device\n {2}next: All that it said is in .*\.log/)
      assert.ok(!existsSync(out))
    } finally {
      folder.remove()
    }
  })
})

describe('a command trainer whose disk is full', () => {
  it('says so, keeps nothing, and trains when there is room', async () => {
    const folder = temporaryFolder('command disk')
    const request = { model: tinyModel(), head: null, dataset: sentenceDataset() }
    try {
      await using disk = await mountSmallDisk(join(folder.path, 'disk'), 2)
      const dir = join(disk.path, 'runs')
      const trainer = await createCommandTrainer({ command: [process.execPath, PROGRAM, 'good'], dir })
      const plan = completePlan({ steps: 2 })
      await disk.fill()
      await assert.rejects(trainer.train({ ...request, plan }), (error) => {
        assert.ok(isColdmeshError(error, 'refused'), String(error))
        assert.match(error.hint ?? '', /disk is full/)
        return true
      })
      await disk.free()
      assert.deepEqual(
        readdirSync(dir).filter((name) => name !== 'logs'),
        [],
      )
      assert.equal((await trainer.train({ ...request, plan })).steps, 2)
      await trainer.stop()
    } finally {
      folder.remove()
    }
  })
})
