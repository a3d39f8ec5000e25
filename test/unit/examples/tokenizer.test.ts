import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Tokenizer } from '@huggingface/tokenizers'

const model = join(import.meta.dirname, '../../../examples/data/base/model')
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

interface Sample {
  readonly first: string
  readonly second: string | null
  readonly ids: readonly number[]
  readonly types: readonly number[]
}

describe('tokenizer of the shipped base', () => {
  const samples: Sample[] = read(join(import.meta.dirname, 'tokens.json'))
  const tokenizer = new Tokenizer(read(join(model, 'tokenizer.json')), read(join(model, 'tokenizer_config.json')))

  it('gives the ids that Python gives, odd texts included', () => {
    assert.equal(samples.length, 200)
    for (const { first, second, ids, types } of samples) {
      const encoded = tokenizer.encode(first, { text_pair: second, return_token_type_ids: true })
      assert.deepEqual(encoded.ids, ids, first)
      assert.deepEqual(encoded.token_type_ids, types, first)
    }
  })
})
