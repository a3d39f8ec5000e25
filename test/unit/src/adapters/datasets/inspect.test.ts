import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { inspectDataset } from '../../../../../src/adapters/datasets/index.ts'
import { completePlan } from '../../../../../src/training/plan.ts'
import { sentences, tinyModel } from '../../../../support/training/tiny.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-inspect-'))
after(() => rm(folder, { recursive: true }))

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

const plan = completePlan({ maxTokens: 10 })

describe('inspectDataset', () => {
  it('tells columns, labels, lengths in tokens, the split, and rows as the model sees them', async () => {
    const lines = sentences().map(({ text, label }) => `"${text}",${label}`)
    const path = await write('good.csv', `text,label\n${lines.join('\n')}\n`)
    const report = await inspectDataset(path, { model: tinyModel(), plan })
    assert.deepEqual(report.problems, { count: 0, kinds: [], first: [] })
    assert.deepEqual(report.columns, { present: ['text', 'label'], text: 'text', pair: null, label: 'label' })
    assert.deepEqual(
      [report.rows, report.task, report.labels.length, report.isImbalanced],
      [240, 'single-label', 3, false],
    )
    assert.equal(report.labels[0]?.share, 1 / 3)
    assert.deepEqual(report.split, { training: 216, validation: 24, from: 'hash' })
    const { lengths, shown } = report
    assert.deepEqual([lengths?.unit, lengths?.max, lengths?.rows], ['tokens', 14, 240])
    assert.ok((lengths?.truncated ?? 0) > 0.5)
    const [first] = shown
    assert.deepEqual([shown.length, first?.line, first?.label, first?.target], [5, 2, 'cooking', 0])
    assert.deepEqual([first?.tokens?.length, first?.tokens?.[0], first?.tokens?.at(-1)], [10, '[CLS]', '[SEP]'])
  })

  it('lists what is wrong in its order, by kind, and goes on after it', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"text":"a","label":"x"}\n{"text":"","label":"x"}\nno\n{"text":"a","label":"y"}\n'),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('{"text":"b","label":null}\n{"text":"c","label":{}}\n{"text":"","label":"x"}\n'),
    ])
    const { problems, rows, repetitions } = await inspectDataset(await write('bad.jsonl', bytes), { plan })
    assert.equal(rows, 2)
    assert.deepEqual(
      problems.first.map(({ message }) => /line (\d+)|single text/.exec(message)?.[0]),
      ['line 2', 'line 3', 'line 5', 'line 6', 'line 7', 'line 8', 'single text'],
    )
    assert.deepEqual(problems.kinds.slice(0, 2), [
      { kind: 'empty-text', count: 2 },
      { kind: 'syntax', count: 1 },
    ])
    assert.equal(problems.count, 7)
    assert.deepEqual(repetitions, { copies: 1, contradictions: 1, firstContradiction: 4, isComplete: true })
  })

  it('tells what could be read before a file breaks off', async () => {
    const path = await write('open.csv', 'text,label\na,x\nb,x\nc,"y\n')
    const { rows, problems } = await inspectDataset(path, { plan })
    assert.equal(rows, 2)
    assert.match(problems.first[0]?.message ?? '', /line 4: a quotation mark in the row is never closed/)
  })

  it('tells of imbalance, of numbers, and of labels that only the validation rows have', async () => {
    const rows = Array.from({ length: 400 }, (_, row) => `text ${row},${row < 4 ? 'rare' : 'common'}`)
    const path = await write('skewed.csv', `text,label\n${rows.join('\n')}\n`)
    assert.equal((await inspectDataset(path, { plan })).isImbalanced, true)
    const validation = await write('validation.csv', 'text,label\na,rare\nb,strange\n')
    const { problems, split } = await inspectDataset(path, { plan, validation })
    assert.equal(split, null)
    assert.match(problems.first[0]?.message ?? '', /line 3: no row to train on has the label "strange"/)
    const scores = await write(
      'scores.tsv',
      `text\tlabel\n${rows.map((_, row) => `text ${row}\t${row / 4}`).join('\n')}`,
    )
    const { task, guessedBecause, numbers, labels } = await inspectDataset(scores, { plan })
    assert.deepEqual([task, numbers, labels], ['regression', { min: 0, max: 99.75, mean: 49.875 }, []])
    assert.match(guessedBecause ?? '', /numbers/)
  })
})
