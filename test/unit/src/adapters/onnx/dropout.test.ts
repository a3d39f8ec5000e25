import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { classifierParameters, defineFinetuning } from '../../../../../src/adapters/onnx/classifier.ts'
import { openOnnxEngine } from '../../../../../src/adapters/onnx/index.ts'
import { startingHead } from '../../../../../src/training/classifier.ts'
import { checkBody } from '../../../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../../../src/training/encoders/read-config.ts'
import { completePlan } from '../../../../../src/training/plan.ts'
import { tinyModel } from '../../../../support/training/tiny.ts'

const rows = [
  { ids: [2, 6, 7, 8, 3], label: 0 },
  { ids: [2, 9, 10, 3], label: 1 },
]
const bucket = { batch: 2, length: 8 }

function shapeOf(model: ReturnType<typeof tinyModel>) {
  const config = readEncoderConfig(model.config)
  return { config, body: checkBody(config, model.body), classes: 2 }
}

async function losses(options: { dropout: number; seed: number; count: number }): Promise<number[]> {
  const model = tinyModel({ dropout: options.dropout })
  const shape = shapeOf(model)
  const body = model.body.map((weights) => ({ ...weights, data: weights.data.map((value) => value * 5) }))
  const learner = await (await openOnnxEngine({ threads: 1 })).createLearner({
    shape,
    body,
    head: startingHead(shape, null, { labels: ['a', 'b'] }, 1).weights,
    plan: completePlan({ seed: options.seed }),
    batch: bucket.batch,
    longest: bucket.length,
  })
  const found: number[] = []
  for (let index = 0; index < options.count; index++) found.push(await learner.learn(rows, bucket.length))
  await learner.release()
  return found
}

describe('dropout in the finetuning graph', () => {
  it('masks embeddings, attention and outputs of each layer, and the features', () => {
    const model = tinyModel({ dropout: 0.1 })
    const parameters = classifierParameters(shapeOf(model), model.body)
    const { masks } = defineFinetuning(shapeOf(model), parameters, bucket)
    assert.deepEqual(
      masks.map(({ name, shape }) => `${name} ${shape}`),
      [
        'dropout:embeddings 16,32',
        'dropout:encoder.layer.0.attention 4,8,8',
        'dropout:encoder.layer.0.attention.output 16,32',
        'dropout:encoder.layer.0.output 16,32',
        // The last layer computes the first tokens only.
        'dropout:encoder.layer.1.attention 4,1,8',
        'dropout:encoder.layer.1.attention.output 2,32',
        'dropout:encoder.layer.1.output 2,32',
        'dropout:classifier 2,32',
      ],
    )
  })

  it('leaves out that of the attention where the family has none', () => {
    const model = tinyModel({ dropout: 0.1 })
    const shape = shapeOf(model)
    const config = { ...shape.config, dropsAttentionOutput: false }
    const { masks } = defineFinetuning({ ...shape, config }, classifierParameters(shape, model.body), bucket)
    assert.ok(masks.length === 6 && masks.every(({ name }) => !name.includes('attention.output')))
  })

  it('gives the same losses for the same seed, others for another, and none without', async () => {
    const options = { dropout: 0.3, seed: 1, count: 4 }
    const first = await losses(options)
    assert.deepEqual(await losses(options), first)
    assert.notDeepEqual(await losses({ ...options, seed: 2 }), first)
    assert.equal(new Set(first).size, 4)
    assert.equal(new Set(await losses({ ...options, dropout: 0 })).size, 1)
  })
})
