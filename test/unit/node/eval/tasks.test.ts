import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readEvalTasks, type TaskOptions } from '../../../../node/eval/tasks.ts'
import { CliError } from '../../../../node/failure.ts'
import { temporaryFolder } from '../../../support/node/cli.ts'
import { inMemory } from '../../../support/training/in-memory.ts'

const folder = temporaryFolder('eval-tasks')
after(() => folder.remove())
const file = (name: string, text: string): string => {
  const path = join(folder.path, name)
  writeFileSync(path, text)
  return path
}
const rows = (count: number, offset = 0) =>
  Array.from({ length: count }, (_, i) => `text number ${i + offset},${i % 2 === 0 ? 'even' : 'odd'}`).join('\n')
const train = file('train.csv', `text,label\n${rows(50)}\n`)
const test = file('test.csv', `text,label\n${rows(10, 100)}\n`)
file('words.csv', `body,kind\n${rows(20)}\n`)

const options = (changes: Partial<TaskOptions>): TaskOptions => ({
  data: undefined,
  test: undefined,
  tasks: undefined,
  text: undefined,
  taskType: undefined,
  labelMap: undefined,
  labelSeparator: undefined,
  skipUnlabelled: false,
  validation: undefined,
  pair: undefined,
  label: undefined,
  task: undefined,
  ...changes,
})
const isBadInput = (pattern: RegExp) => (error: unknown) =>
  error instanceof CliError && error.code === 'bad-input' && pattern.test(error.message)

describe('readEvalTasks', () => {
  it('takes test rows from their file', async () => {
    const [task] = await readEvalTasks(options({ data: train, test, task: 'parity' }))
    assert.deepEqual([task?.name, task?.train.examples.length, task?.test.length, task?.seen], ['parity', 50, 10, null])
  })

  it('holds out a fifth of the rows where there is none, the same each time, and trains on none of them', async () => {
    const [first] = await readEvalTasks(options({ data: train }))
    const [again] = await readEvalTasks(options({ data: train }))
    assert.deepEqual(first, again)
    assert.deepEqual([first?.train.examples.length, first?.test.length], [40, 10])
    const texts = new Set(inMemory(first?.train.examples).map(({ text }) => text))
    assert.ok(inMemory(first?.test).every(({ text }) => !texts.has(text)))
  })

  it('reads a list: paths relative to it, columns and seen by task', async () => {
    const list = file(
      'tasks.json',
      JSON.stringify({
        tasks: [
          { name: 'one', train: 'train.csv', test: 'test.csv', validation: 'test.csv', seen: true },
          { name: 'two', train: 'words.csv', text: 'body', label: 'kind', seen: false },
        ],
      }),
    )
    const tasks = await readEvalTasks(options({ tasks: list }))
    assert.deepEqual(
      tasks.map(({ name, seen, test }) => [name, seen, test.length]),
      [
        ['one', true, 10],
        ['two', false, 4],
      ],
    )
    assert.equal(tasks[0]?.train.validation?.length, 10)
  })

  it('reads the shipped tasks, seen and unseen', async () => {
    const tasks = await readEvalTasks(options({ tasks: 'shipped' }))
    assert.ok(tasks.length >= 7)
    assert.ok(tasks.some(({ seen }) => seen) && tasks.some(({ seen }) => seen === false))
    assert.ok(tasks.every((task) => task.test.length > 100 && task.train.validation !== undefined))
  })

  it('refuses no tasks, both kinds of them, and lists that are not as they should be', async () => {
    await assert.rejects(readEvalTasks(options({})), isBadInput(/which tasks/))
    await assert.rejects(readEvalTasks(options({ data: train, tasks: 'shipped' })), isBadInput(/which tasks/))
    const bad = (content: unknown) => readEvalTasks(options({ tasks: file('bad.json', JSON.stringify(content)) }))
    await assert.rejects(bad({ tasks: [] }), isBadInput(/tasks/))
    await assert.rejects(bad({ tasks: [{ name: 'a', train: 'train.csv', epochs: 3 }] }), isBadInput(/epochs/))
    const twice = { name: 'a', train: 'train.csv' }
    await assert.rejects(bad({ tasks: [twice, twice] }), isBadInput(/Two tasks/))
    await assert.rejects(readEvalTasks(options({ tasks: file('no.json', '{') })), isBadInput(/JSON/))
    await assert.rejects(readEvalTasks(options({ tasks: join(folder.path, 'absent.json') })), isBadInput(/JSON/))
  })
})
