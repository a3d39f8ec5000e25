import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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
