import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { checkTokenizer } from '../../../../../src/training/tokenizer/check-tokenizer.ts'
import { readTokenizersFixture } from '../../../../support/training/fixtures.ts'

const kinds = new Map(readTokenizersFixture().kinds.map(({ name, tokenizer }) => [name, tokenizer]))
const wordpiece = kinds.get('WordPiece, cased') ?? {}
const byteLevel = kinds.get('byte-level BPE') ?? {}
const unigram = kinds.get('Unigram') ?? {}
const LIMITS = { vocabSize: 1_000, padTokenId: 1 }

function refuses(tokenizer: Record<string, unknown>, limits: typeof LIMITS, message: RegExp, config = {}): void {
  assert.throws(
    () => checkTokenizer({ tokenizer, tokenizerConfig: config }, limits),
    (error) => {
      assert.ok(isColdmeshError(error, 'bad-model'), String(error))
      assert.match(error.message, message)
      assert.ok(error.hint !== undefined)
      return true
    },
  )
}

describe('checkTokenizer', () => {
  it('takes tokenizers that belong to the model, of each kind', () => {
    checkTokenizer({ tokenizer: wordpiece, tokenizerConfig: {} }, { vocabSize: 1_000, padTokenId: 0 })
    for (const tokenizer of [byteLevel, unigram]) checkTokenizer({ tokenizer, tokenizerConfig: {} }, LIMITS)
  })

  it('names an id that has no row in the embeddings, an added token too', () => {
    refuses(byteLevel, { ...LIMITS, vocabSize: 300 }, /the id \d{3}; config.json has a vocab_size of 300/)
    refuses(unigram, { ...LIMITS, vocabSize: 100 }, /the id 100; config.json has a vocab_size of 100/)
    const added_tokens = [{ id: 2_000, content: '<more>' }]
    refuses({ ...byteLevel, added_tokens }, LIMITS, /"<more>" the id 2000/)
  })

  it('names a special token that the vocabulary lacks, or knows by another id', () => {
    const post_processor = { type: 'RobertaProcessing', cls: ['<cls>', 0], sep: ['</s>', 2] }
    refuses({ ...byteLevel, post_processor }, LIMITS, /"<cls>" no id/)
    refuses(
      { ...byteLevel, post_processor: { ...post_processor, cls: ['<s>', 4] } },
      LIMITS,
      /"<s>" the id 0, but puts it around texts with the id 4/,
    )
    const special_tokens = { '[CLS]': { id: '[CLS]', ids: [3], tokens: ['[CLS]'] } }
    const template = { type: 'TemplateProcessing', single: [], pair: [], special_tokens }
    const sequence = { type: 'Sequence', processors: [{ type: 'ByteLevel' }, template] }
    refuses({ ...wordpiece, post_processor: sequence }, LIMITS, /"\[CLS\]" the id 2, but/)
  })

  it('names padding that is not that of config.json', () => {
    refuses(byteLevel, { ...LIMITS, padTokenId: 0 }, /"<pad>" the id 1; config.json has a pad_token_id of 0/)
    refuses(byteLevel, LIMITS, /"<mask>" the id 4; config.json has a pad_token_id of 1/, { pad_token: '<mask>' })
    refuses(byteLevel, LIMITS, /"<none>" the id none/, { pad_token: { content: '<none>' } })
  })
})
