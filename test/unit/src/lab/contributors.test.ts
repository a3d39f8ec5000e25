import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contributorsOf, datasetOf, participantsOf } from '../../../../src/lab/contributors.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { labTask } from '../../../support/lab/tasks.ts'
import { inMemory } from '../../../support/training/in-memory.ts'

const plan = { perRound: 'all', freshRows: false, validationRows: 10 } as const
const textsOf = (of: ReturnType<typeof datasetOf>) => inMemory(of.examples).map(({ text }) => text)

describe('contributorsOf', () => {
  it('has one for each share of each seen task', () => {
    const tasks = [labTask('topic', { shards: 3 }), labTask('length', { isSeen: false })]
    assert.deepEqual(
      contributorsOf(tasks).map(({ name }) => name),
      ['topic 1', 'topic 2', 'topic 3'],
    )
    assert.deepEqual(
      contributorsOf([labTask('topic'), labTask('length')]).map(({ name }) => name),
      ['topic', 'length'],
    )
  })
})

describe('participantsOf', () => {
  const eight = contributorsOf([labTask('topic', { shards: 8 })])
  const drawn = (run: number, round: number) =>
    participantsOf(eight, { perRound: 3 }, { run, round }).map(({ name }) => name)

  it('draws so many for each round, by the seed of the run', () => {
    assert.equal(new Set(drawn(1, 1)).size, 3)
    assert.deepEqual(drawn(1, 1), drawn(1, 1))
    const draws = [1, 2, 3, 4].flatMap((round) => [drawn(1, round).join(), drawn(2, round).join()])
    assert.ok(new Set(draws).size > 4, draws.join(' '))
  })

  it('takes only who has joined and not left', () => {
    const [early] = contributorsOf([labTask('topic', { until: 2 })])
    const [late] = contributorsOf([labTask('length', { from: 2 })])
    assert.ok(early && late)
    const names = [1, 2, 3].map((round) => {
      return participantsOf([early, late], plan, { run: 1, round })
        .map(({ name }) => name)
        .join()
    })
    assert.deepEqual(names, ['topic', 'topic,length', 'length'])
  })

  it('refuses a round that nobody takes part in', () => {
    const gone = contributorsOf([labTask('topic', { until: 1 })])
    assert.throws(
      () => participantsOf(gone, plan, { run: 1, round: 2 }),
      (error) => isColdmeshError(error, 'bad-input'),
    )
  })
})

describe('datasetOf', () => {
  const shares = contributorsOf([labTask('topic', { shards: 4 })])

  it('splits a task into shares that do not overlap and make it up', () => {
    const texts = shares.flatMap((share) => textsOf(datasetOf(share, plan, { run: 1, round: 1 })))
    const whole = inMemory(labTask('topic').train.examples).map(({ text }) => text)
    assert.deepEqual(texts.sort(), whole.sort())
  })

  it('keeps a share over the rounds, and deals anew when rows are to be fresh', () => {
    const [share] = shares
    assert.ok(share)
    const inRound = (round: number, freshRows: boolean) =>
      textsOf(datasetOf(share, { ...plan, freshRows }, { run: 1, round }))
    assert.deepEqual(inRound(2, false), inRound(1, false))
    assert.notDeepEqual(inRound(2, true), inRound(1, true))
    assert.equal(inRound(2, true).length, inRound(1, false).length)
  })

  it('takes at most the rows that are wanted, with every label of the task', () => {
    const [contributor] = contributorsOf([labTask('topic', { rows: 7 })])
    assert.ok(contributor)
    const { examples, labels, validation } = datasetOf(contributor, plan, { run: 1, round: 1 })
    assert.equal(examples.length, 7)
    assert.deepEqual(labels, ['cooking', 'music', 'weather'])
    assert.equal(validation?.length, 10)
  })
})
