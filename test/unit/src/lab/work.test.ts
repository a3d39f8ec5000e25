import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWork, type LabProgress } from '../../../../src/lab/work.ts'

function timedWork(parallel: number) {
  const told: LabProgress[] = []
  let now = 0
  const work = createWork({ parallel, now: () => now, onProgress: (progress) => void told.push(progress) })
  const take = (kind: Parameters<typeof work.measure>[0], seconds: number) =>
    work.measure(kind, kind, async () => {
      now += seconds * 1000
    })
  return { work, told, take }
}

describe('createWork', () => {
  it('estimates what is left by the kinds of work, those not yet measured by the average', async () => {
    const { work, told, take } = timedWork(1)
    work.expect('train', 3)
    work.expect('frozen', 2)
    await take('train', 10)
    await take('train', 20)
    assert.deepEqual(told.at(-1), { done: 2, total: 5, what: 'train', secondsLeft: 15 + 2 * 15 })
    await take('frozen', 3)
    assert.deepEqual(told.at(-1), { done: 3, total: 5, what: 'frozen', secondsLeft: 15 + 3 })
  })

  it('counts what was done before a restart, and does not measure by it', async () => {
    const { work, told, take } = timedWork(2)
    work.expect('train', 10)
    work.skip('train', 7)
    await take('train', 8)
    assert.deepEqual(told, [{ done: 8, total: 10, what: 'train', secondsLeft: 8 }])
  })
})
