import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { describeFailure } from '../../../../node/failure.ts'
import { readPlan } from '../../../../node/lab/read-plan.ts'
import { PACKAGE_ROOT, SHIPPED_BASE } from '../../../../node/package-root.ts'
import { temporaryFolder } from '../../../support/node/cli.ts'
import { inMemory } from '../../../support/training/in-memory.ts'

const folder = temporaryFolder('plan')
after(() => folder.remove())
const path = join(folder.path, 'plan.json')
const shipped = { tasks: { seen: ['wn-pos'] } }

function write(plan: unknown): string {
  writeFileSync(path, typeof plan === 'string' ? plan : JSON.stringify(plan))
  return path
}

describe('readPlan', () => {
  it('needs nothing but a seen task', async () => {
    const { plan, tasks, base } = await readPlan(write(shipped))
    assert.equal(base, SHIPPED_BASE)
    assert.deepEqual(
      tasks.map(({ name, isSeen, shards, rows, train, validation, test }) => {
        return [name, isSeen, shards, rows, train.examples.length, validation.length, test.length]
      }),
      [['wn-pos', true, 1, null, 2500, 450, 900]],
    )
    assert.deepEqual([plan.name, plan.rounds, plan.seeds, plan.perRound, plan.keep], ['plan', 3, [1], 'all', 'all'])
    assert.deepEqual(
      plan.evaluations.map(({ mode, rounds }) => [mode, rounds]),
      [['frozen', [0, 1, 2, 3]]],
    )
  })

  it('reads own files beside the plan, in the columns that it names', async () => {
    const rows = (of: string) => `review,stars\n${of} one,good\n${of} two,bad\n${of} three,good\n${of} four,bad\n`
    for (const part of ['train', 'test']) writeFileSync(join(folder.path, `${part}.csv`), rows(part))
    const own = { name: 'reviews', train: 'train.csv', test: 'test.csv', text: 'review', label: 'stars', shards: 2 }
    const { tasks } = await readPlan(write({ tasks: { seen: [own], unseen: [{ task: 'wn-gloss-match' }] } }))
    assert.deepEqual(inMemory(tasks[0]?.train.examples)[0], { text: 'train one', label: 'good' })
    assert.equal(tasks[0]?.shards, 2)
    assert.ok(inMemory(tasks[1]?.test)[0]?.pair)
  })

  it('takes test rows of which a label has a single text, or none; not of a label that nothing is learned of', async () => {
    const test = join(folder.path, 'few.csv')
    const own = { name: 'reviews', train: 'train.csv', test: 'few.csv', text: 'review', label: 'stars' }
    writeFileSync(join(folder.path, 'train.csv'), 'review,stars\none,good\ntwo,bad\nthree,good\nfour,bad\n')
    writeFileSync(test, 'review,stars\nfive,good\n')
    const { tasks } = await readPlan(write({ tasks: { seen: [own] } }))
    assert.deepEqual(tasks[0]?.test, [{ text: 'five', label: 'good' }])
    writeFileSync(test, 'review,stars\nfive,goood\n')
    await assert.rejects(
      readPlan(write({ tasks: { seen: [own] } })),
      /few\.csv, line 2: no row to train on has .*goood/,
    )
  })

  it('puts modes in one order, and rounds where they belong', async () => {
    const evaluation = { 'few-shot': { rounds: 'ends' }, frozen: { rounds: [0, 2] } }
    const { plan } = await readPlan(write({ ...shipped, rounds: 4, evaluation }))
    assert.deepEqual(
      plan.evaluations.map(({ mode, rounds }) => [mode, rounds]),
      [
        ['frozen', [0, 2]],
        ['few-shot', [0, 4]],
      ],
    )
  })

  it('reads the plans that ship', async () => {
    for (const name of ['quick', 'paper']) {
      const { plan } = await readPlan(join(PACKAGE_ROOT, 'examples', 'lab', `${name}.json`))
      assert.equal(plan.name, name)
    }
  })

  const wrong: readonly (readonly [what: string, plan: unknown, message: RegExp])[] = [
    ['text that is not JSON', '{', /is not JSON/],
    ['a plan without tasks', {}, /: tasks: /],
    ['no seen task', { tasks: { seen: [] } }, /: tasks\.seen: /],
    ['an unknown task', { tasks: { seen: ['wn-none'] } }, /tasks\.seen\[0\]: there is no shipped task wn-none/],
    ['a task twice', { tasks: { seen: ['wn-pos'], unseen: ['wn-pos'] } }, /: tasks: has wn-pos twice/],
    ['a field that no plan has', { ...shipped, round: 3 }, /round/],
    ['no rounds', { ...shipped, rounds: 0 }, /: rounds: /],
    ['a fraction of a round', { ...shipped, rounds: 1.5 }, /: rounds: /],
    ['a seed twice', { ...shipped, seeds: [1, 1] }, /: seeds: has one twice/],
    ['a training setting that is none', { ...shipped, training: { rate: 1 } }, /: training: .*rate/],
    ['a mode that is none', { ...shipped, evaluation: { cold: {} } }, /: evaluation/],
    [
      'a round after the last',
      { ...shipped, evaluation: { frozen: { rounds: [4] } } },
      /frozen\.rounds: names round 4/,
    ],
    [
      'a task to judge by that is not there',
      { ...shipped, evaluation: { full: { tasks: ['wn-x'] } } },
      /full\.tasks: names wn-x/,
    ],
    ['a baseline that is none', { ...shipped, baselines: ['none'] }, /: baselines\[0\]: /],
    ['params', { ...shipped, params: { density: 1 } }, /: params: /],
    ['a name that is a path', { ...shipped, name: '../x' }, /: name: takes/],
    [
      'too many contributors',
      { tasks: { seen: [{ task: 'wn-pos', shards: 64 }, 'wn-animal'] } },
      /makes 65 contributors/,
    ],
  ]
  for (const [what, plan, message] of wrong) {
    it(`refuses ${what}, and names the field`, async () => {
      await assert.rejects(readPlan(write(plan)), (error) => {
        const failure = describeFailure(error)
        assert.equal(failure.code, 'bad-input', failure.message)
        assert.match(failure.message, message)
        assert.ok(failure.hint)
        return true
      })
    })
  }
})
