import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { decodeCheckpoint } from '../../../../src/checkpoint/safetensors.ts'
import { readFile } from '../../../../src/checkpoint/unixfs.ts'
import { type LabOptions, runLab } from '../../../../src/lab/run-lab.ts'
import { openSeedNetwork } from '../../../../src/lab/seed-network.ts'
import { readModel } from '../../../../src/peer/model.ts'
import { openHistory } from '../../../../src/peer/open-history.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { writeTinyBase } from '../../../support/e2e/tiny-base.ts'
import { labPlan, labTask } from '../../../support/lab/tasks.ts'

describe('runLab', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coldmesh-lab-'))
  after(() => rm(folder, { recursive: true, force: true }))
  const base = join(folder, 'base')
  before(() => writeTinyBase(base))
  const options = (name: string, changes: Partial<LabOptions> = {}): LabOptions => ({
    plan: labPlan(),
    tasks: [labTask('topic', { shards: 2 }), labTask('length', { isSeen: false })],
    base,
    out: join(folder, name),
    ...changes,
  })
  const basesOf = (result: Awaited<ReturnType<typeof runLab>>) =>
    result.runs.flatMap(({ rounds }) => rounds.map((round) => round.base))

  it('gives the same bases and accuracies for the same plan, however many work at once', async () => {
    const first = await runLab(options('first'))
    const again = await runLab(options('again', { parallel: 2 }))
    assert.equal(new Set(basesOf(first)).size, 2)
    assert.deepEqual(basesOf(again), basesOf(first))
    assert.deepEqual(again.curves, first.curves)
  })

  it('leaves data directories whose history anybody verifies, every round fused again', async () => {
    const { runs } = await runLab(options('first'))
    const [run] = runs
    assert.ok(run?.verified)
    assert.deepEqual({ ...run.verified, base: '' }, { base: '', level: 'full', valid: true, rounds: 2, failures: [] })
    await using history = await openHistory(join(folder, 'first', 'seed-1', 'rounds'))
    const report = await history.verify(history.head.base, { level: 'full', trust: history.network })
    assert.deepEqual([report.valid, report.trusted, report.certified], [true, true, true])
    assert.deepEqual(
      report.rounds.map(({ fusion, inputs }) => [fusion, inputs]),
      [
        ['reproduced', 2],
        ['reproduced', 2],
      ],
    )
    assert.equal(history.head.base, run.verified.base)
  })

  it('fuses to the mean of what was contributed, bit for bit', async () => {
    const { runs } = await runLab(options('first'))
    await using network = await openSeedNetwork(options('first'), 1, 'rounds')
    const round = runs[0]?.rounds[1]
    assert.ok(round)
    const inputs = await Promise.all(
      round.contributions
        .toSorted((a, b) => Buffer.compare(CID.parse(a.id).bytes, CID.parse(b.id).bytes))
        .map(async ({ checkpoint }) => (await readCheckpoint(network, checkpoint)).weights),
    )
    const fused = await readModel(CID.parse(round.base), network.store)
    for (const [at, { name, data }] of fused.body.entries()) {
      const expected = data.map(
        (_, i) => inputs.reduce((sum, weights) => sum + (weights[at]?.data[i] ?? 0), 0) / inputs.length,
      )
      assert.deepEqual(data, expected, name)
    }
  })

  it('goes on where it was stopped, repeats nothing, and ends as if it had not been', async () => {
    const stop = new AbortController()
    const done: string[] = []
    const interrupted = runLab(
      options('stopped', {
        signal: stop.signal,
        onProgress: ({ what }) => {
          done.push(what)
          if (what === 'seed 1 round 2 topic 1') stop.abort()
        },
      }),
    )
    await assert.rejects(interrupted)
    const resumed: string[] = []
    const shown: number[] = []
    const result = await runLab(
      options('stopped', {
        onProgress: ({ what }) => void resumed.push(what),
        onResult: ({ scores }) => void shown.push(scores.length),
      }),
    )
    // Two tasks: rounds 0 and 1 were judged before it stopped, round 2 is now.
    assert.deepEqual(shown, [6, 6])
    assert.deepEqual(
      resumed.filter((what) => done.includes(what)),
      ['seed 1 round 2 topic 1'],
    )
    assert.deepEqual(basesOf(result), basesOf(await runLab(options('first'))))
    const nothing: string[] = []
    await runLab(options('stopped', { onProgress: ({ what }) => void nothing.push(what) }))
    assert.deepEqual(nothing, [])
  })

  it('refuses the output directory of another plan, or of other texts', async () => {
    const isRefused = (error: unknown) => isColdmeshError(error, 'refused') && /another plan/.test(error.message)
    await runLab(options('first'))
    await assert.rejects(runLab(options('first', { plan: labPlan({ rounds: 3 }) })), isRefused)
    await assert.rejects(runLab(options('first', { tasks: [labTask('topic')] })), isRefused)
  })

  it('judges each base by the same seeds, and takes the mean over tasks seed by seed', async () => {
    const plan = labPlan({ seeds: [1, 2], rounds: 1, baselines: ['one-shot'], keep: 'bases' })
    const tasks = [labTask('topic'), labTask('length')]
    const { curves, gains, scores, runs } = await runLab(options('seeds', { plan, tasks }))
    const of = (task: string | null) => curves.find((curve) => curve.task === task)
    assert.deepEqual(
      of(null)?.points.map((point) => point.of),
      ['rounds/0', 'rounds/1', 'one-shot'],
    )
    for (const run of plan.seeds) {
      assert.equal(new Set(scores.filter((score) => score.run === run).map(({ seeds }) => seeds.join())).size, 1)
    }
    const mean = of(null)?.points[1]?.values.map((value, seed) => {
      return value - ((of('topic')?.points[1]?.values[seed] ?? 0) + (of('length')?.points[1]?.values[seed] ?? 0)) / 2
    })
    assert.ok(
      mean?.every((difference) => Math.abs(difference) < 1e-12),
      String(mean),
    )
    assert.equal(gains.length, 3)
    // A lab that keeps no checkpoints can't fuse again: it checks signatures.
    assert.deepEqual(
      runs.map(({ verified }) => [verified?.level, verified?.valid]),
      [
        ['signatures', true],
        ['signatures', true],
      ],
    )
    const kept = readdirSync(join(folder, 'seeds', 'seed-1'))
    assert.deepEqual(kept.sort(), ['one-shot', 'rounds'])
  })
})

async function readCheckpoint(network: Awaited<ReturnType<typeof openSeedNetwork>>, cid: string) {
  const parts: Uint8Array[] = []
  const { totalBytes: maxBytes } = network.base.layout
  for await (const part of readFile(CID.parse(cid), (block) => network.store.get(block), { maxBytes })) parts.push(part)
  return decodeCheckpoint(Buffer.concat(parts))
}
