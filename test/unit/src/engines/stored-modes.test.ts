import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openTrainingData } from '../../../../src/adapters/datasets/index.ts'
import { evaluateBase } from '../../../../src/engines/evaluate-base.ts'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { type Dataset, isStored } from '../../../../src/ports/dataset.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { multiLabelDataset, regressionDataset } from '../../../support/training/task-types.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-stored-modes-'))
// Two hundred numbers: tokens and features then go to a file.
process.env['COLDMESH_MEMORY_TOKENS'] = '200'
const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
after(async () => {
  await trainer.stop()
  await rm(folder, { recursive: true })
})

const model = tinyModel({ dropout: 0 })
const DATASETS: readonly Dataset[] = [sentenceDataset(), multiLabelDataset(), regressionDataset()]

/** The dataset twice, from its file: its rows left there, and in memory. */
async function opened({ name, task, examples }: Dataset) {
  const path = join(folder, `${name}.jsonl`)
  await writeFile(path, examples.map((row) => JSON.stringify(row)).join('\n'))
  const open = (memoryCharacters: number) =>
    openTrainingData(path, { memoryCharacters, ...(task && { taskType: task }) })
  const [stored, held] = [await open(0), await open(1e9)]
  assert.deepEqual(
    [stored, held].map((dataset) => isStored(dataset.examples)),
    [true, false],
  )
  return { stored, held }
}

describe('rows that stay in their file', () => {
  for (const dataset of DATASETS) {
    const task = dataset.task ?? 'single-label'

    it(`train a head of a frozen body to the same weights as in memory: ${task}`, async () => {
      const { stored, held } = await opened(dataset)
      const plan = completePlan({ mode: 'frozen', steps: 20, evaluateEvery: 10, learningRate: 1e-3 })
      const run = async (rows: typeof stored) => {
        const { head, validation, rows: count } = await trainer.train({ model, head: null, dataset: rows, plan })
        return { head, validation, count }
      }
      assert.deepEqual(await run(stored), await run(held))
    })

    it(`are scored as in memory: ${task}`, async () => {
      const { stored, held } = await opened(dataset)
      const { head } = await trainer.train({ model, head: null, dataset: held, plan: completePlan({ steps: 5 }) })
      const score = (examples: typeof stored.examples) => trainer.evaluate({ model, head, examples, maxTokens: 16 })
      assert.deepEqual(await score(stored.examples), await score(held.examples))
    })

    it(`judge a base as in memory: ${task}`, async () => {
      const { stored, held } = await opened(dataset)
      const judge = (rows: typeof stored) => {
        const task = { name: 'rows', train: rows, test: rows.examples }
        return evaluateBase({ trainer, model, task, mode: 'frozen', seeds: [1], plan: { steps: 8 } })
      }
      const [fromFile, inMemory] = [await judge(stored), await judge(held)]
      assert.deepEqual({ ...fromFile, seconds: 0 }, { ...inMemory, seconds: 0 })
    })
  }

  it('are judged in few-shot mode by a hundred rows of all labels', async () => {
    const { stored } = await opened(sentenceDataset())
    const task = { name: 'rows', train: stored, test: stored.examples }
    const options = { trainer, model, task, mode: 'few-shot', seeds: [1, 2], plan: { steps: 2 } } as const
    const { rows, testRows, values } = await evaluateBase(options)
    assert.deepEqual([rows, testRows, values.length], [100, 240, 2])
  })

  it('are refused as test rows when any has a label that no training row has', async () => {
    const { held } = await opened(sentenceDataset())
    const { stored: strange } = await opened({
      ...sentenceDataset(),
      name: 'strange',
      examples: sentenceDataset().examples.map((row) => ({
        ...row,
        label: row.label === 'music' ? 'dance' : row.label,
      })),
    })
    const task = { name: 'rows', train: held, test: strange.examples }
    await assert.rejects(
      evaluateBase({ trainer, model, task, mode: 'full', seeds: [1] }),
      /"dance", which no training row/,
    )
  })

  it('train together, and tell how far their reading is', async () => {
    const { stored, held } = await opened(sentenceDataset())
    const plan = completePlan({ steps: 4, maxTokens: 16 })
    const together = async (dataset: typeof stored) => {
      const { body, heads } = await trainer.trainTogether({ model, tasks: [{ dataset, head: null }], plan })
      return { body, heads }
    }
    assert.deepEqual(await together(stored), await together(held))
  })
})

describe('a frozen body', () => {
  it('gives the same head whether rows pass it before the first step or when a batch asks for them', async () => {
    const dataset = { ...sentenceDataset(), validation: sentenceDataset().examples.slice(0, 30) }
    const train = (maxSeconds: number | null) => {
      const rates = { learningRate: 1e-3, schedule: 'constant', warmup: 0 } as const
      const plan = completePlan({ ...rates, mode: 'frozen', steps: 16, evaluateEvery: 0, maxSeconds })
      return trainer.train({ model, head: null, dataset, plan })
    }
    // 16 batches of 32 are more than the 240 rows; how many a time limit allows is not known before.
    const [before, meanwhile] = [await train(null), await train(600)]
    assert.deepEqual([before.steps, meanwhile.steps], [16, 16])
    for (const [index, { data }] of before.head.weights.entries()) {
      const other = meanwhile.head.weights[index]?.data ?? []
      // Sums may be rounded otherwise where other rows are in a batch.
      for (const [at, value] of data.entries()) assert.ok(Math.abs(value - (other[at] ?? Number.NaN)) < 1e-5)
    }
  })
})
