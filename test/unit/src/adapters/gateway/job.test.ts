import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createJobs } from '../../../../../src/adapters/gateway/client/job.ts'

const jobsOf = (missing: readonly number[], { startAt = 0, now = (): number => 0 } = {}) =>
  createJobs(missing, { now, leavesPerJob: 4, startAt, patienceMs: 100 })

describe('the jobs of a fetch', () => {
  it('are runs without a gap, begun at a place of one’s own', () => {
    const jobs = jobsOf([0, 1, 2, 3, 4, 7, 8], { startAt: 0.5 })
    const taken = [jobs.take('a'), jobs.take('a'), jobs.take('a')].map((job) => [job?.next, job?.end])
    assert.deepEqual(taken, [
      [4, 5],
      [7, 9],
      [0, 4],
    ])
    assert.equal(jobs.take('a'), undefined, 'nothing is taken from oneself')
  })

  it('give half of the longest to who is free, and all of what stands still, each time later', () => {
    let clock = 0
    const jobs = jobsOf([0, 1, 2, 3], { now: () => clock })
    const first = jobs.take('slow')
    assert.ok(first)
    first.next = 1
    const half = jobs.take('free')
    assert.deepEqual([first.end, half?.next, half?.end], [3, 3, 4])
    assert.equal(jobs.take('other'), undefined, 'of two leaves one is on its way, and not worth it')
    clock = 101
    let aborted = 0
    first.abort = () => aborted++
    const rest = jobs.take('other')
    assert.deepEqual([rest?.next, rest?.end, first.end, aborted], [1, 3, 1, 1])
    assert.equal(rest?.patienceMs, 200)
  })

  it('go to a source with a part of the file as far as it has it', () => {
    const jobs = jobsOf([0, 1, 2, 3, 4, 5, 6, 7])
    const held = Uint8Array.of(0, 0, 1, 1, 1, 0, 0, 1)
    const taken = [1, 2, 3].map(() => jobs.take('half', held)).map((job) => job && [job.next, job.end])
    assert.deepEqual(taken, [
      [2, 4],
      [4, 5],
      [7, 8],
    ])
    assert.equal(jobs.take('half', held), undefined)
    const others = [1, 2].map(() => jobs.take('whole')).map((job) => job && [job.next, job.end])
    assert.deepEqual(others, [
      [0, 2],
      [5, 7],
    ])
  })

  it('are taken from others only by who has all of the rest', () => {
    let clock = 0
    const jobs = jobsOf([0, 1, 2, 3], { now: () => clock })
    assert.ok(jobs.take('slow'))
    assert.equal(jobs.take('half', Uint8Array.of(1, 1, 1, 0)), undefined)
    clock = 101
    assert.equal(jobs.take('half', Uint8Array.of(1, 1, 1, 0)), undefined)
    const all = jobs.take('half', Uint8Array.of(1, 1, 1, 1))
    assert.deepEqual([all?.next, all?.end], [0, 4])
  })

  it('come back when they fail, and are left when nobody takes them', async () => {
    const jobs = jobsOf([0, 1, 2])
    const job = jobs.take('a')
    assert.ok(job)
    job.next = 1
    const changed = jobs.changed()
    jobs.giveBack(job)
    await changed
    assert.equal(jobs.areDone, false)
    assert.deepEqual(jobs.left(), [1, 2])
    const again = jobs.take('b')
    assert.ok(again)
    again.next = 3
    jobs.giveBack(again)
    assert.equal(jobs.areDone, true)
  })
})
