import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { createTextEncoder, keepLongestFirst } from '../../../../src/training/text-encoder.ts'
import { readTokenizerFixture, readTokenizersFixture } from '../../../support/training/fixtures.ts'

const { tokenizer, cases } = readTokenizerFixture()
const model = { tokenizer, tokenizerConfig: { tokenizer_class: 'BertTokenizer' } }

describe('createTextEncoder', () => {
  for (const { text, pair, maxTokens, ids, types } of cases) {
    it(`encodes ${JSON.stringify(text)} with ${JSON.stringify(pair)} in ${maxTokens} tokens as Python's tokenizers does`, () => {
      const encoder = createTextEncoder(model, { maxTokens, vocabSize: 40, tokenTypes: 2 })
      const row = encoder.encode(pair === null ? { text } : { text, pair })
      assert.deepEqual(Array.from(row.ids), ids)
      assert.deepEqual(Array.from(row.types ?? []), types)
    })
  }

  it('leaves token types out for a model with one', () => {
    const row = createTextEncoder(model, { maxTokens: 8, vocabSize: 40, tokenTypes: 1 }).encode({
      text: 'a',
      pair: 'cat',
    })
    assert.equal(row.types, undefined)
  })

  it('rejects a vocabulary larger than the model', () => {
    assert.throws(
      () => createTextEncoder(model, { maxTokens: 8, vocabSize: 6, tokenTypes: 2 }),
      (error) => isColdmeshError(error, 'bad-model') && /the id 6; .* vocab_size of 6/.test(error.message),
    )
  })

  it('rejects a tokenizer without a post-processor', () => {
    const bare = { ...model, tokenizer: { ...tokenizer, post_processor: null } }
    assert.throws(
      () => createTextEncoder(bare, { maxTokens: 8, vocabSize: 40, tokenTypes: 2 }),
      (error) => isColdmeshError(error, 'bad-model'),
    )
  })
})

describe('createTextEncoder, of each kind of tokenizer', () => {
  for (const { name, tokenizer, cases } of readTokenizersFixture().kinds) {
    it(`gives the ids of Python's tokenizers for ${cases.length} texts and pairs: ${name}`, () => {
      const encoders = new Map(
        [...new Set(cases.map(([, , maxTokens]) => maxTokens))].map((maxTokens) => [
          maxTokens,
          createTextEncoder({ tokenizer, tokenizerConfig: {} }, { maxTokens, vocabSize: 1_000, tokenTypes: 2 }),
        ]),
      )
      for (const [text, pair, maxTokens, ids, types] of cases) {
        const row = encoders.get(maxTokens)?.encode(pair === null ? { text } : { text, pair })
        const shown = JSON.stringify([text, pair, maxTokens])
        assert.deepEqual(Array.from(row?.ids ?? []), ids, shown)
        // RoBERTa has one type: the library's two are not looked at.
        if (types?.includes(1)) assert.deepEqual(Array.from(row?.types ?? []), types, shown)
      }
    })
  }
})

describe('keepLongestFirst', () => {
  it('keeps what fits, and fills the room otherwise', () => {
    for (let first = 0; first < 8; first++) {
      for (let second = 0; second < 8; second++) {
        for (let room = 0; room < 10; room++) {
          const kept = keepLongestFirst(first, second, room)
          assert.equal(kept.first + kept.second, Math.min(room, first + second))
          assert.ok(kept.first >= 0 && kept.first <= first && kept.second >= 0 && kept.second <= second)
        }
      }
    }
  })
})
