import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { BIN } from '../../node/package-root.ts'
import { readSnapshot } from '../../src/peer/snapshot-file.ts'
import { startProcess } from '../support/e2e/process.ts'
import { temporaryFolder } from '../support/node/cli.ts'

const DATA = join(import.meta.dirname, '..', '..', 'examples', 'data', 'tasks', 'wn-animal', 'validation.csv')
const STEPS = 300
const DEADLINE_MS = 120_000

// The steps that fit in the time are fixed after the ninth, and kept with the snapshot: a rate that followed the clock would differ afterwards.
describe('coldmesh train, with a time limit, killed (-9)', () => {
  it('goes on from its snapshot to the same bytes, whether it is killed once or twice', async () => {
    const folder = temporaryFolder('killed')
    try {
      const start = (out: string) => {
        const limits = ['--time', '30m', '--steps', String(STEPS), '--batch', '8', '--evaluate-every', '0']
        const args = ['train', '--data', DATA, '--out', join(folder.path, out), ...limits, '--snapshot-every', '0.1']
        return startProcess(process.execPath, [BIN, ...args, '--threads', '1', '--json'])
      }
      const snapshotOf = (out: string) => join(folder.path, `.${out}.snapshot`)
      /** Kills what trains to `out` once it has a snapshot of step `step` or a later one. */
      const killAfter = async (out: string, step: number) => {
        const training = start(out)
        const seen = async () => (await readSnapshot(snapshotOf(out), 'onnx').catch(() => null))?.step ?? 0
        while ((await seen()) < step) {
          assert.ok(!existsSync(join(folder.path, out)), `it ended before: ${training.lines.at(-1)}`)
          await setTimeout(20)
        }
        training.kill()
        assert.equal(await training.ended, null)
      }
      const finish = async (out: string) => {
        const training = start(out)
        const resumed = JSON.parse(await training.line(/"event":"resumed"/, DEADLINE_MS))
        assert.equal(await training.ended, 0, training.lines.join('\n'))
        assert.ok(resumed.step > 9 && resumed.steps === STEPS, JSON.stringify(resumed))
        assert.ok(!existsSync(snapshotOf(out)))
        return readFileSync(join(folder.path, out, 'model.safetensors'))
      }

      await killAfter('once', 10)
      copyFileSync(snapshotOf('once'), snapshotOf('twice'))
      const weights = await finish('once')
      await killAfter('twice', 50)
      assert.ok(weights.equals(await finish('twice')), 'the same bytes')
    } finally {
      folder.remove()
    }
  })
})
