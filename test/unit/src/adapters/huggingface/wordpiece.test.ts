import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { BERT_TOKENS, specialTokens } from '../../../../../src/adapters/huggingface/special-tokens.ts'
import { wordpieceTokenizer } from '../../../../../src/adapters/huggingface/wordpiece.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { createTextEncoder } from '../../../../../src/training/text-encoder.ts'

interface Case {
  readonly title: string
  readonly vocabulary: readonly string[]
  readonly config: Readonly<Record<string, unknown>>
  readonly tokenizer: Readonly<Record<string, unknown>>
  readonly samples: readonly { text: string; pair: string | null; ids: readonly number[]; types: readonly number[] }[]
}

const { cases }: { cases: readonly Case[] } = JSON.parse(
  await readFile(join(import.meta.dirname, '../../../../fixtures/import/tokenizers.json'), 'utf8'),
)
const vocabularyFile = (words: readonly string[], end = '\n') =>
  new TextEncoder().encode(words.map((word) => word + end).join(''))

describe('wordpieceTokenizer', () => {
  for (const { title, vocabulary, config, tokenizer, samples } of cases) {
    const made = wordpieceTokenizer(vocabularyFile(vocabulary), config)

    it(`is what BertTokenizerFast writes: ${title}`, () => assert.deepEqual(made, tokenizer))

    it(`gives the ids of BertTokenizerFast: ${title}`, () => {
      const encoder = createTextEncoder(
        { tokenizer: made, tokenizerConfig: { ...config, ...specialTokens(config, BERT_TOKENS) } },
        { maxTokens: 512, vocabSize: vocabulary.length, tokenTypes: 2 },
      )
      for (const { text, pair, ids, types } of samples) {
        const row = encoder.encode(pair === null ? { text } : { text, pair })
        assert.deepEqual(Array.from(row.ids), ids, JSON.stringify(text))
        assert.deepEqual(Array.from(row.types ?? []), types, JSON.stringify(text))
      }
    })
  }

  it('reads lines however they end, the last one too', () => {
    const [first] = cases
    assert.ok(first)
    const expected = wordpieceTokenizer(vocabularyFile(first.vocabulary), {})
    assert.deepEqual(wordpieceTokenizer(vocabularyFile(first.vocabulary, '\r\n'), {}), expected)
    assert.deepEqual(wordpieceTokenizer(new TextEncoder().encode(first.vocabulary.join('\n')), {}), expected)
  })

  it('takes special tokens that are objects, as transformers writes them', () => {
    const config = { cls_token: { content: '<s>', lstrip: false }, sep_token: 7 }
    assert.equal(specialTokens(config, BERT_TOKENS).cls_token, '<s>')
    assert.equal(specialTokens(config, BERT_TOKENS).sep_token, '[SEP]')
  })

  it('refuses a vocabulary without a special token, and one that is not text', () => {
    const refused = (bytes: Uint8Array, reason: RegExp) =>
      assert.throws(
        () => wordpieceTokenizer(bytes, {}),
        (error) => isColdmeshError(error, 'bad-model') && reason.test(error.message) && error.hint !== undefined,
      )
    refused(vocabularyFile(['[PAD]', '[UNK]', '[CLS]', '[MASK]', 'a']), /no "\[SEP\]"/)
    refused(new Uint8Array([0xff, 0xfe]), /not UTF-8/)
  })
})
