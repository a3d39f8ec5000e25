import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { bodyLayout } from '../../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../../src/training/encoders/read-config.ts'
import { checkMemory, estimateMemory } from '../../../../src/training/memory.ts'
import { completePlan } from '../../../../src/training/plan.ts'

/** MiniLM: 22.7 million weights. */
const config = readEncoderConfig({
  ...{ model_type: 'bert', vocab_size: 30_522, hidden_size: 384, num_hidden_layers: 6, num_attention_heads: 12 },
  ...{ intermediate_size: 1_536, max_position_embeddings: 512, type_vocab_size: 2 },
})
const body = bodyLayout(config, { pooler: true })
const estimate = (plan: Parameters<typeof completePlan>[0], engine = 'onnx') =>
  estimateMemory({ config, body, plan: completePlan(plan), rows: 1_000, engine }) / 1e9

describe('estimateMemory', () => {
  it('is near what was measured (docs/training.md): 1 GB for 8 rows of 64 tokens, 3 GB for 32 of 128', () => {
    const [small, large] = [estimate({ batch: 8, maxTokens: 64 }), estimate({ batch: 32, maxTokens: 128 })]
    assert.ok(small > 0.7 && small < 1.4, `${small}`)
    assert.ok(large > 2.2 && large < 4, `${large}`)
  })

  it('is twice as much with TensorFlow.js: 2.1 GB were measured for 8 rows of 128 tokens', () => {
    const needed = estimate({ batch: 8, maxTokens: 128 }, 'tfjs-wasm')
    assert.ok(needed > 1.8 && needed < 2.8, `${needed}`)
  })

  it('falls with the batch, with frozen layers, and most with a frozen body', () => {
    const whole = estimate({ batch: 32, maxTokens: 128 })
    const frozen = estimate({ batch: 32, maxTokens: 128, freeze: 4 })
    const head = estimate({ batch: 32, maxTokens: 128, mode: 'frozen' })
    assert.ok(estimate({ batch: 8, accumulation: 4, maxTokens: 128 }) < whole)
    assert.ok(head < frozen && frozen < 0.6 * whole, `${head} ${frozen} ${whole}`)
  })
})

describe('checkMemory', () => {
  it('refuses what does not fit, with both figures and what to change', () => {
    const plan = completePlan({ batch: 32 })
    checkMemory(5e9, 5e9, plan)
    assert.throws(
      () => checkMemory(5.04e9, 2e9, plan),
      (error) =>
        isColdmeshError(error, 'refused') &&
        /needs about 5.0 GB of memory, and 2.0 GB are available/.test(error.message) &&
        /smaller batch than 32 with more accumulation.*frozen layers.*command trainer/.test(error.hint ?? ''),
    )
  })

  it('proposes nothing that is done already', () => {
    assert.throws(
      () => checkMemory(2, 1, completePlan({ mode: 'frozen' })),
      (error) => isColdmeshError(error) && !/batch|frozen/.test(error.hint ?? ''),
    )
  })
})
