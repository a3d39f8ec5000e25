import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type CardFacts, renderCard } from '../../../../src/checkpoint/card.ts'
import { escapeMarkdown } from '../../../../src/checkpoint/escape.ts'

const vectors: { cases: { title: string; facts: CardFacts; card: string[] }[] } = JSON.parse(
  await readFile(join(import.meta.dirname, '../../../vectors/checkpoint/card.v1.json'), 'utf8'),
)
const facts = vectors.cases[0]?.facts ?? assert.fail('no vector')
const render = (changes: Partial<CardFacts>) => new TextDecoder().decode(renderCard({ ...facts, ...changes }))

describe('renderCard', () => {
  for (const { title, facts, card } of vectors.cases) {
    it(`gives the frozen bytes: ${title}`, () => {
      assert.deepEqual(new TextDecoder().decode(renderCard(facts)).split('\n'), card)
    })
  }

  it('keeps the number of lines and table cells whatever peers wrote', () => {
    const [input] = facts.inputs
    assert.ok(input)
    const shape = (text: string) => text.split('\n').map((line) => line.split('|').length)
    const plain = shape(render({ networkName: 'x', inputs: [{ ...input, datasetName: 'x', task: 'x', license: 'x' }] }))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string({ unit: 'grapheme' }), (a, b, c) => {
        const text = render({ networkName: c, inputs: [{ ...input, datasetName: a, task: b, license: c }] })
        assert.deepEqual(shape(text), plain)
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('throws on a number that is no integer', () => {
    for (const round of [1.5, -1, Number.NaN, 2 ** 53]) assert.throws(() => render({ round }), RangeError)
  })
})

describe('escapeMarkdown', () => {
  it('leaves nothing that Markdown, HTML, YAML or a terminal acts on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        assert.doesNotMatch(escapeMarkdown(text).replace(/&#\d+;/g, ''), /[^\p{L}\p{N} +.-]/u)
      }),
      { numRuns: 500, seed: 7 },
    )
  })

  const cases: readonly [string, string, string][] = [
    [
      'keeps letters, digits, spaces and hyphens',
      'AG News-4 \u00e9 \u65e5\u672c \ud55c',
      'AG News-4 \u00e9 \u65e5\u672c \ud55c',
    ],
    ['disarms markup', '<b>|*_`[x](y)', '&#60;b&#62;&#124;&#42;&#95;&#96;&#91;x&#93;&#40;y&#41;'],
    ['disarms addresses that turn into links by themselves', 'www.x.com', 'www&#46;x&#46;com'],
    [
      'shows line ends and control characters',
      'a\nb\r\u001b\u0000',
      'a&#60;U+000A&#62;b&#60;U+000D&#62;&#60;U+001B&#62;&#60;U+0000&#62;',
    ],
    [
      'shows bidirectional and zero-width characters',
      '\u202e\u200b\u2066\ufeff',
      '&#60;U+202E&#62;&#60;U+200B&#62;&#60;U+2066&#62;&#60;U+FEFF&#62;',
    ],
    [
      'shows combining marks and lone surrogates',
      'e\u0301\u0483\ud800',
      'e&#60;U+0301&#62;&#60;U+0483&#62;&#60;U+D800&#62;',
    ],
    ['escapes an entity', '&lt;', '&#38;lt&#59;'],
    ['cuts at 64 code points', '\u65e5'.repeat(65), `${'\u65e5'.repeat(64)}...`],
  ]
  for (const [title, text, expected] of cases) it(title, () => assert.equal(escapeMarkdown(text), expected))
})
