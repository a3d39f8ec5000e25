import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { checkBertBody, readBertConfig, withDropout } from '../../../../src/training/bert-config.ts'
import { createBertBody } from '../../../../src/training/initial-weights.ts'
import { tinyModel } from '../../../support/training/tiny.ts'

const { config, body } = tinyModel()
const parsed = readBertConfig(config)

describe('readBertConfig', () => {
  const unsupported: Record<string, unknown>[] = [
    { model_type: 'roberta' },
    { model_type: 'distilbert' },
    { model_type: 'bert-generation' },
    { model_type: undefined, architectures: ['GPT2Model'] },
    { hidden_act: 'gelu_new' },
    { position_embedding_type: 'relative_key' },
    { is_decoder: true },
    { hidden_size: 30, num_attention_heads: 2 },
  ]
  for (const change of unsupported) {
    it(`calls ${JSON.stringify(change)} unsupported, naming what is supported`, () => {
      assert.throws(
        () => readBertConfig({ ...config, ...change }),
        (error) => isColdmeshError(error, 'unsupported') && error.hint !== undefined,
      )
    })
  }

  const bad: Record<string, unknown>[] = [
    { vocab_size: undefined },
    { num_hidden_layers: 0 },
    { hidden_size: '32' },
    { num_attention_heads: 5 },
    { layer_norm_eps: -1 },
  ]
  for (const change of bad) {
    it(`calls ${JSON.stringify(change)} a bad model`, () => {
      assert.throws(
        () => readBertConfig({ ...config, ...change }),
        (error) => isColdmeshError(error, 'bad-model'),
      )
    })
  }

  it('reads a config that names its architecture only', () => {
    assert.deepEqual(readBertConfig({ ...config, model_type: undefined, architectures: ['BertForMaskedLM'] }), parsed)
  })
})

describe('withDropout', () => {
  it('overrides all three rates, null none', () => {
    const { hiddenDropout, attentionDropout, classifierDropout } = withDropout(parsed, 0.3)
    assert.deepEqual([hiddenDropout, attentionDropout, classifierDropout], [0.3, 0.3, 0.3])
    assert.equal(withDropout(parsed, null), parsed)
  })
})

describe('checkBertBody', () => {
  const rejects = (bad: typeof body, pattern: RegExp) =>
    assert.throws(
      () => checkBertBody(parsed, bad),
      (error) => isColdmeshError(error, 'bad-model') && pattern.test(error.message),
    )

  it('finds prefix and pooler', () => {
    assert.deepEqual(checkBertBody(parsed, body), { prefix: '', pooler: true })
    const bare = createBertBody(config, { seed: 1, pooler: false })
    const prefixed = bare.map((weights) => ({ ...weights, name: `bert.${weights.name}` }))
    assert.deepEqual(checkBertBody(parsed, prefixed), { prefix: 'bert.', pooler: false })
  })

  it('lets the numbered places of older checkpoints pass', () => {
    const places = {
      name: 'embeddings.position_ids',
      shape: [1, 32],
      data: Float32Array.from({ length: 32 }, (_, i) => i),
    }
    assert.deepEqual(checkBertBody(parsed, [places, ...body]), { prefix: '', pooler: true })
  })

  it('rejects a missing, strange or misshapen tensor, naming it', () => {
    rejects(body.slice(0, -1), /pooler\.dense\.bias/)
    rejects([...body, { name: 'cls.bias', shape: [1], data: new Float32Array(1) }], /cls\.bias/)
    rejects(
      body.map((weights, index) => (index === 1 ? { ...weights, shape: [16, 64] } : weights)),
      /position_embeddings.*\[16,64\]/,
    )
    rejects(
      body.map((weights, index) => (index === 1 ? { ...weights, data: new Float32Array(3) } : weights)),
      /position_embeddings/,
    )
  })
})
