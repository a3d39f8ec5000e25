import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../../src/adapters/system/clock.ts'
import { createEmitter } from '../../../../src/peer/emitter.ts'
import { openTrainingSnapshots, type TrainingKey } from '../../../../src/peer/training-snapshots.ts'
import { createTroubles } from '../../../../src/peer/troubles.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { temporaryDirectory } from '../adapters/files/support.ts'

const dataset = { name: 'reviews', labels: ['good', 'bad'], examples: [{ text: 'fine', label: 'good' }] }
const KEY: TrainingKey = { round: 3, base: 'bafybase', task: 'reviews', plan: completePlan({ seed: 7 }), dataset }
const SNAPSHOT = { trainer: 'onnx', step: 40, bytes: new Uint8Array(1_000).fill(9) }

async function openIn(dataDir: string) {
  const warnings: string[] = []
  const events = createEmitter<PeerEvent>()
  const troubles = createTroubles({ events, clock: systemClock, log: nullLog })
  const log = { ...nullLog, warn: (event: string) => void warnings.push(event) }
  return { snapshots: openTrainingSnapshots({ dataDir, log, troubles }), warnings, troubles }
}

describe('training snapshots', () => {
  it('come back after a restart for the same round, base, task, plan and data, and for no other', async () => {
    await using directory = await temporaryDirectory()
    await (await openIn(directory.path)).snapshots.write(KEY, SNAPSHOT)
    const { snapshots, warnings } = await openIn(directory.path)
    assert.deepEqual(await snapshots.read(KEY, 'onnx'), SNAPSHOT)
    const others: readonly Partial<TrainingKey>[] = [
      { round: 4 },
      { base: 'bafyother' },
      { task: 'other' },
      { plan: completePlan({ seed: 8 }) },
      { dataset: { ...dataset, examples: [{ text: 'fine', label: 'bad' }] } },
      { dataset: { ...dataset, validation: dataset.examples } },
    ]
    for (const other of others)
      assert.equal(await snapshots.read({ ...KEY, ...other }, 'onnx'), null, JSON.stringify(other))
    assert.deepEqual(warnings, [])
  })

  it('are ignored with a log line, and deleted, when one bit has changed, the file is cut, or another engine wrote it', async () => {
    await using directory = await temporaryDirectory()
    const { snapshots, warnings } = await openIn(directory.path)
    const folder = join(directory.path, 'snapshots')
    const fileOf = async () => join(folder, (await readdir(folder))[0] ?? '')
    await snapshots.write(KEY, SNAPSHOT)
    const good = await readFile(await fileOf())
    const path = await fileOf()
    const flipped = (at: number) => good.map((byte, i) => (i === at ? byte ^ 4 : byte))
    const damaged = [
      ...[0, 9, 41, 45, 50, good.length - 1].map(flipped),
      good.subarray(0, 500),
      good.subarray(0, 3),
      Buffer.of(),
    ]
    for (const bytes of damaged) {
      await writeFile(path, bytes)
      assert.equal(await snapshots.read(KEY, 'onnx'), null)
      assert.deepEqual(await readdir(folder), [])
    }
    await writeFile(path, good)
    assert.equal(await snapshots.read(KEY, 'tfjs'), null)
    assert.equal(warnings.length, damaged.length + 1)
  })

  it('of other rounds go when a round begins, and its own when it is announced', async () => {
    await using directory = await temporaryDirectory()
    const { snapshots } = await openIn(directory.path)
    const next = { ...KEY, round: 4 }
    for (const key of [KEY, next, { ...next, task: 'second' }]) await snapshots.write(key, SNAPSHOT)
    await snapshots.keepOnly(4)
    assert.equal(await snapshots.read(KEY, 'onnx'), null)
    await snapshots.remove(next)
    assert.equal(await snapshots.read(next, 'onnx'), null)
    assert.deepEqual(await snapshots.read({ ...next, task: 'second' }, 'onnx'), SNAPSHOT)
  })

  it('never stop a training: a disk that refuses is a trouble until it does not', async () => {
    await using directory = await temporaryDirectory()
    const { snapshots, troubles } = await openIn(join(directory.path, 'peer'))
    await writeFile(join(directory.path, 'peer'), 'a file where the directory should be')
    await snapshots.write(KEY, SNAPSHOT)
    assert.deepEqual(
      troubles.current.map(({ what }) => what),
      ['snapshot'],
    )
    await snapshots.keepOnly(4)
  })
})
