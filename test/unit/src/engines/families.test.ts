import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { createBody } from '../../../../src/training/initial-weights.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const plan = completePlan({ steps: 60, learningRate: 2e-3, headRate: 5, evaluateEvery: 0, validationFraction: 0.2 })
const { config: bert, ...model } = tinyModel()
const CONFIGS = {
  roberta: { ...bert, model_type: 'roberta', type_vocab_size: 1 },
  distilbert: {
    model_type: 'distilbert',
    vocab_size: bert['vocab_size'],
    dim: 32,
    n_layers: 2,
    n_heads: 2,
    hidden_dim: 64,
    max_position_embeddings: 32,
  },
  electra: { ...bert, model_type: 'electra', embedding_size: 16 },
}

describe('createTrainer with a model of another family', async () => {
  const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  after(() => trainer.stop())

  for (const [family, given] of Object.entries(CONFIGS)) {
    it(`trains it and keeps the names of its tensors: ${family}`, async () => {
      const config = { ...given, pad_token_id: 0 }
      const body = createBody(config, { seed: 4, pooler: false })
      const trained = await trainer.train({
        model: { ...model, config, body },
        head: null,
        dataset: sentenceDataset(),
        plan,
      })
      assert.ok(trained.validation.after > 0.6, `${trained.validation.after}`)
      assert.deepEqual(
        trained.body.map(({ name, shape }) => [name, shape]),
        body.map(({ name, shape }) => [name, shape]),
      )
      for (const [index, { name, data }] of trained.body.entries()) {
        assert.ok(data.every(Number.isFinite), name)
        assert.notDeepEqual(data, body[index]?.data, name)
      }
    })
  }
})
