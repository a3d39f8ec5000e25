import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { byteLevelTokenizer } from '../../../../../src/adapters/huggingface/byte-level.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { createTextEncoder } from '../../../../../src/training/text-encoder.ts'

interface Case {
  readonly title: string
  readonly vocab: Readonly<Record<string, number>>
  readonly merges: readonly string[]
  readonly config: Readonly<Record<string, unknown>>
  readonly tokenizer: Readonly<Record<string, unknown>>
  readonly samples: readonly { text: string; pair: string | null; ids: readonly number[] }[]
}

const { byteLevel }: { byteLevel: readonly Case[] } = JSON.parse(
  await readFile(join(import.meta.dirname, '../../../../fixtures/import/tokenizers.json'), 'utf8'),
)
const mergesFile = (merges: readonly string[], end = '\n') =>
  new TextEncoder().encode(['#version: 0.2', ...merges].map((line) => line + end).join(''))

describe('byteLevelTokenizer', () => {
  for (const { title, vocab, merges, config, tokenizer, samples } of byteLevel) {
    const made = byteLevelTokenizer(vocab, mergesFile(merges), config)

    it(`is what RobertaTokenizerFast writes: ${title}`, () => {
      assert.deepEqual(made, tokenizer)
      assert.deepEqual(byteLevelTokenizer(vocab, mergesFile(merges, '\r\n'), config), tokenizer)
    })

    it(`gives the ids of RobertaTokenizerFast: ${title}`, () => {
      const limits = { maxTokens: 512, vocabSize: Object.keys(vocab).length, tokenTypes: 1 }
      const encoder = createTextEncoder({ tokenizer: made, tokenizerConfig: config }, limits)
      for (const { text, pair, ids } of samples) {
        const row = encoder.encode(pair === null ? { text } : { text, pair })
        assert.deepEqual(Array.from(row.ids), ids, JSON.stringify(text))
      }
    })
  }

  it('refuses a vocabulary without a special token or without what a merge makes', () => {
    const [first] = byteLevel
    assert.ok(first)
    const { '<pad>': _, ...others } = first.vocab
    for (const [vocab, merges, reason] of [
      [others, first.merges, /no "<pad>"/],
      [first.vocab, ['z z'], /no "zz"/],
    ] as const) {
      assert.throws(
        () => byteLevelTokenizer(vocab, mergesFile(merges), {}),
        (error) => isColdmeshError(error, 'bad-model') && reason.test(error.message) && error.hint !== undefined,
      )
    }
  })
})
