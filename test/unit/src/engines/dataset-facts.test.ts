import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openTrainingData } from '../../../../src/adapters/datasets/index.ts'
import { datasetFacts } from '../../../../src/engines/dataset-facts.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

describe('datasetFacts', () => {
  it('tells the share of rows that are cut, and of the commonest label', async () => {
    const dataset = sentenceDataset()
    const examples = dataset.examples.filter(({ label }, index) => label !== 'music' || index % 2 === 0)
    const { rows, labels } = await datasetFacts(tinyModel(), { ...dataset, examples }, { maxTokens: 10 })
    assert.deepEqual([rows, labels], [200, { commonest: 'cooking', share: 0.4, rarest: 'music', rarestRows: 40 }])
    const shareAt = async (maxTokens: number) => (await datasetFacts(tinyModel(), dataset, { maxTokens })).truncated
    assert.deepEqual([await shareAt(14), await shareAt(3)], [0, 1])
  })

  it('knows the labels of a file whose rows stay there, without reading them again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coldmesh-facts-'))
    const path = join(folder, 'rows.jsonl')
    const rows = sentenceDataset().examples.filter(({ label }, index) => label !== 'music' || index % 2 === 0)
    await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'))
    const dataset = await openTrainingData(path, { memoryCharacters: 0 })
    const { labels } = await datasetFacts(tinyModel(), dataset, { maxTokens: 10 })
    await rm(folder, { recursive: true })
    assert.deepEqual(labels, { commonest: 'cooking', share: 0.4, rarest: 'music', rarestRows: 40 })
  })

  it('counts no labels where labels are numbers', async () => {
    const examples = [{ text: 'the baker', label: 1.5 }]
    const facts = await datasetFacts(
      tinyModel(),
      { name: 'n', task: 'regression', labels: [], examples },
      { maxTokens: 10 },
    )
    assert.deepEqual([facts.labels, facts.truncated], [null, 0])
  })
})
