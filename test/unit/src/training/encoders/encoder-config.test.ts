import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { checkBody } from '../../../../../src/training/encoders/encoder-body.ts'
import { withDropout } from '../../../../../src/training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../../../../../src/training/encoders/read-config.ts'
import { createBody } from '../../../../../src/training/initial-weights.ts'
import { tinyModel } from '../../../../support/training/tiny.ts'

const { config, body } = tinyModel()
const parsed = readEncoderConfig(config)

describe('readEncoderConfig', () => {
  const unsupported: Record<string, unknown>[] = [
    { model_type: 't5' },
    { model_type: 'xlm-roberta-xl' },
    { model_type: 'bert-generation' },
    { model_type: undefined, architectures: ['GPT2Model'] },
    { model_type: undefined, architectures: ['BertGenerationEncoder'] },
    { hidden_act: 'silu' },
    { position_embedding_type: 'relative_key' },
    { is_decoder: true },
    { hidden_size: 30, num_attention_heads: 2 },
  ]
  for (const change of unsupported) {
    it(`calls ${JSON.stringify(change)} unsupported, naming what is supported`, () => {
      assert.throws(
        () => readEncoderConfig({ ...config, ...change }),
        (error) => isColdmeshError(error, 'unsupported') && error.hint?.includes('--engine command:PROGRAM') === true,
      )
    })
  }

  const bad: Record<string, unknown>[] = [
    { vocab_size: undefined },
    { num_hidden_layers: 0 },
    { hidden_size: '32' },
    { num_attention_heads: 5 },
    { layer_norm_eps: -1 },
    { pad_token_id: 100_000 },
    { model_type: 'roberta', max_position_embeddings: 2 },
    { model_type: 'distilbert' },
  ]
  for (const change of bad) {
    it(`calls ${JSON.stringify(change)} a bad model`, () => {
      assert.throws(
        () => readEncoderConfig({ ...config, ...change }),
        (error) => isColdmeshError(error, 'bad-model'),
      )
    })
  }

  it('reads a config that names its architecture only', () => {
    const named = (name: string) => readEncoderConfig({ ...config, model_type: undefined, architectures: [name] })
    assert.deepEqual(named('BertForMaskedLM'), parsed)
    assert.equal(named('RobertaModel').family, 'roberta')
    assert.equal(named('XLMRobertaForSequenceClassification').family, 'xlm-roberta')
    assert.equal(named('ElectraForPreTraining').family, 'electra')
  })

  it('names the families there are when it refuses one', () => {
    assert.throws(
      () => readEncoderConfig({ ...config, model_type: 't5' }),
      (error) =>
        isColdmeshError(error, 'unsupported') &&
        error.message.includes('`t5`') &&
        error.hint?.includes('bert, roberta, xlm-roberta, distilbert, electra') === true,
    )
  })

  it('begins the positions of RoBERTa after the pad token', () => {
    const { firstPosition, maxPositions, padTokenId } = readEncoderConfig({ ...config, model_type: 'roberta' })
    assert.deepEqual([firstPosition, maxPositions, padTokenId], [2, 30, 1])
  })
})

describe('withDropout', () => {
  it('overrides all three rates, null none', () => {
    const { hiddenDropout, attentionDropout, classifierDropout } = withDropout(parsed, 0.3)
    assert.deepEqual([hiddenDropout, attentionDropout, classifierDropout], [0.3, 0.3, 0.3])
    assert.equal(withDropout(parsed, null), parsed)
  })
})

describe('checkBody', () => {
  const rejects = (bad: typeof body, pattern: RegExp) =>
    assert.throws(
      () => checkBody(parsed, bad),
      (error) => isColdmeshError(error, 'bad-model') && pattern.test(error.message),
    )

  it('finds prefix and pooler', () => {
    assert.deepEqual(checkBody(parsed, body), { prefix: '', pooler: true })
    const bare = createBody(config, { seed: 1, pooler: false })
    const prefixed = bare.map((weights) => ({ ...weights, name: `bert.${weights.name}` }))
    assert.deepEqual(checkBody(parsed, prefixed), { prefix: 'bert.', pooler: false })
  })

  it('lets the numbered places of older checkpoints pass', () => {
    const places = {
      name: 'embeddings.position_ids',
      shape: [1, 32],
      data: Float32Array.from({ length: 32 }, (_, i) => i),
    }
    assert.deepEqual(checkBody(parsed, [places, ...body]), { prefix: '', pooler: true })
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
