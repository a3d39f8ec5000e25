import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  openDataset,
  openExamples,
  openSample,
  openTrainingData,
  readExamples,
  splitRows,
} from '../../../../../src/adapters/datasets/index.ts'
import { createReadMeter } from '../../../../../src/adapters/datasets/read-meter.ts'
import { type Examples, isStored, type ReadProgress } from '../../../../../src/ports/dataset.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { firstRows, rowsAt } from '../../../../../src/training/choose-rows.ts'
import { splitExamples } from '../../../../../src/training/split.ts'
import { multiLabelDataset } from '../../../../support/training/task-types.ts'
import { sentences } from '../../../../support/training/tiny.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-stored-rows-'))
after(() => rm(folder, { recursive: true }))
const path = join(folder, 'rows.jsonl')
const rows = sentences()
await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'))

const read = (examples: Examples) => Array.fromAsync(readExamples(examples))
const { examples: stored } = await openTrainingData(path, { memoryCharacters: 0 })

describe('chosen rows of a file', () => {
  it('are those rows, in the order of the file', async () => {
    assert.ok(isStored(stored))
    assert.deepEqual(await read(rowsAt(stored, [7, 3, 200])), [rows[3], rows[7], rows[200]])
    assert.deepEqual(await read(rowsAt(rows, [7, 3, 200])), [rows[7], rows[3], rows[200]])
    const half = rowsAt(
      stored,
      Array.from({ length: 120 }, (_, row) => 2 * row),
    )
    assert.deepEqual(await read(rowsAt(half, [1, 5])), [rows[2], rows[10]])
    assert.deepEqual(await read(firstRows(half, 2)), [rows[0], rows[2]])
    assert.equal(firstRows(stored, 1_000), stored)
    assert.deepEqual(await read(firstRows(stored, 3)), rows.slice(0, 3))
  })

  it('are missed when the file lacks them', async () => {
    const reading = read(rowsAt(stored, [3, 1_000]))
    await assert.rejects(reading, (error) => isColdmeshError(error, 'bad-input') && /has changed/.test(error.message))
  })
})

describe('splitRows', () => {
  it('splits a file as rows in memory, lists of labels too', async () => {
    const several = join(folder, 'several.jsonl')
    const { examples } = multiLabelDataset()
    await writeFile(several, examples.map((row) => JSON.stringify(row)).join('\n'))
    for (const file of [path, several]) {
      const options = { fraction: 0.2, seed: 3 }
      const held = (await openDataset(file)).examples
      const inFile = (await openTrainingData(file, { memoryCharacters: 0 })).examples
      const { training, validation } = await splitRows(inFile, options)
      const split = { training: await read(training), validation: await read(validation) }
      assert.deepEqual(split, splitExamples(held, options))
    }
  })
})

describe('openExamples', () => {
  it('leaves rows of a known task in their file, and checks their labels', async () => {
    const task = { labels: ['cooking', 'music', 'weather'] }
    assert.deepEqual(await read(await openExamples(path, task, { memoryCharacters: 0 })), rows)
    assert.deepEqual(await openExamples(path, task), rows)
    const few = { labels: ['cooking', 'music'] }
    await assert.rejects(openExamples(path, few, { memoryCharacters: 0 }), /line 81: no row to train on has the label/)
  })
})

describe('openSample', () => {
  it('holds all rows, or a share of each label of a file with too much text, the same each time', async () => {
    const whole = await openSample(path)
    assert.deepEqual([whole.examples.length, whole.of], [240, 240])
    const [sample, again] = [
      await openSample(path, { memoryCharacters: 0 }),
      await openSample(path, { memoryCharacters: 0 }),
    ]
    assert.deepEqual(sample, again)
    assert.equal(sample.of, 240)
    const counts = sample.labels.map((name) => sample.examples.filter(({ label }) => label === name).length)
    assert.deepEqual(counts, [40, 40, 40])
  })
})

describe('the progress of reading', () => {
  it('is told in bytes of the file as it lies there, and in rows', async () => {
    const told: ReadProgress[] = []
    const meter = createReadMeter({ path, totalBytes: 100 }, (progress) => told.push(progress))
    meter.at(40)
    meter.row()
    await new Promise((resolve) => setTimeout(resolve, 250))
    meter.row()
    meter.row()
    assert.deepEqual(told, [{ path, rows: 2, bytes: 40, totalBytes: 100 }])
  })

  it('reaches the end of files of every format', async () => {
    const table = `text,label\n${rows.map(({ text, label }) => `${text},${label}`).join('\n')}\n`
    const parquet = join(import.meta.dirname, '../../../../fixtures/datasets/snappy.parquet')
    const files: readonly (readonly [path: string, content: string | Buffer | null])[] = [
      [path, null],
      [join(folder, 'table.csv'), table],
      [join(folder, 'packed.csv.gz'), gzipSync(table)],
      [parquet, null],
    ]
    const { openRows } = await import('../../../../../src/adapters/datasets/open-rows.ts')
    const { stat } = await import('node:fs/promises')
    for (const [name, content] of files) {
      if (content !== null) await writeFile(name, content)
      const positions: number[] = []
      const file = await openRows(name)
      for await (const _ of file.rows(file.columns, (bytes) => positions.push(bytes)));
      assert.equal(positions.at(-1), (await stat(name)).size, name)
    }
  })
})
