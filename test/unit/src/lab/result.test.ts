import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LabRecord } from '../../../../src/lab/records.ts'
import { summarize } from '../../../../src/lab/result.ts'
import { labPlan, labTask } from '../../../support/lab/tasks.ts'

const plan = labPlan({ rounds: 1, seeds: [1, 2, 3] })
const tasks = [labTask('topic'), labTask('length')]
const trainer = { name: 'onnx', device: 'cpu' }

function scored(run: number, of: string, task: string, accuracies: readonly number[]): LabRecord {
  return {
    kind: 'score',
    run,
    of,
    base: of,
    task,
    mode: 'frozen',
    seeds: [1, 2],
    metric: 'accuracy',
    values: [...accuracies],
    majority: 0.25,
    seconds: 1,
  }
}

/** Pretrained 0.5 and 0.7 in every seed; final 0.1, 0.2 and 0.3 above. */
const records = plan.seeds.flatMap((run) => [
  scored(run, 'rounds/0', 'topic', [0.4, 0.6]),
  scored(run, 'rounds/0', 'length', [0.7, 0.7]),
  scored(run, 'rounds/1', 'topic', [0.5 + run / 10, 0.5 + run / 10]),
  scored(run, 'rounds/1', 'length', [0.7 + run / 10, 0.7 + run / 10]),
])

describe('summarize', () => {
  it('takes the gain seed by seed, with the standard error of the differences', () => {
    const { gains } = summarize({ plan, tasks, trainer, records })
    const gain = gains.find(({ task }) => task === null)
    assert.ok(gain)
    const round = (value: number) => Math.round(value * 1e9) / 1e9
    assert.deepEqual(gain.values.map(round), [0.1, 0.2, 0.3])
    assert.equal(round(gain.mean), 0.2)
    // Deviation 0.1 over the root of 3 seeds.
    assert.equal(round(gain.standardError), round(0.1 / Math.sqrt(3)))
    assert.equal(round(gain.pretrained.mean), 0.6)
    assert.equal(gain.pretrained.standardError, 0)
  })

  it('shows no point of a group before all of its tasks are judged, and no gain before all seeds are', () => {
    const some = records.filter((record) => !(record.run === 3 && record.kind === 'score' && record.of === 'rounds/1'))
    const { curves, gains } = summarize({ plan, tasks, trainer, records: some })
    assert.deepEqual(
      curves[0]?.points.map(({ values }) => values.length),
      [3, 2],
    )
    assert.deepEqual(gains, [])
    const half = records.filter((record) => record.kind === 'score' && record.task === 'topic')
    const [mean, topic] = summarize({ plan, tasks, trainer, records: half }).curves
    assert.deepEqual([mean?.points.length, topic?.points.length], [0, 2])
  })
})
