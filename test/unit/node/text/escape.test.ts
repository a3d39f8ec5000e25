import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jsonLine, jsonPieces, short, show } from '../../../../node/text/escape.ts'

const ESCAPE = '\u001b'
const RIGHT_TO_LEFT_OVERRIDE = '\u202e'

describe('show', () => {
  it('leaves letters, emoji and combining marks as they are', () => {
    assert.equal(show('Zürich 東京 🙂 é'), 'Zürich 東京 🙂 é')
  })

  it('shows terminal controls instead of sending them', () => {
    assert.equal(show(`a${ESCAPE}[31mred\r\n\u0007\u009b1m`), 'a\\u{1b}[31mred\\u{d}\\u{a}\\u{7}\\u{9b}1m')
  })

  it('shows bidirectional, invisible and tag characters', () => {
    assert.equal(show(`${RIGHT_TO_LEFT_OVERRIDE}gpj.exe`), '\\u{202e}gpj.exe')
    assert.equal(show('a\u200bb\u2066c\u2069\ufeff\u{e0041}'), 'a\\u{200b}b\\u{2066}c\\u{2069}\\u{feff}\\u{e0041}')
  })

  it('shows line separators and lone surrogates', () => {
    assert.equal(show('a\u2028b\ud800'), 'a\\u{2028}b\\u{d800}')
  })

  it('cuts what is too long', () => {
    assert.equal(show('abcdef', { maxLength: 4 }), 'abc…')
  })
})

describe('jsonLine', () => {
  it('is JSON of the same value, with nothing in it that a terminal obeys', () => {
    const value = { name: `x${ESCAPE}]0;title\u0007 ${RIGHT_TO_LEFT_OVERRIDE} \u{e0041} \u2028 \n` }
    const line = jsonLine(value)
    assert.deepEqual(JSON.parse(line), value)
    assert.match(line, /^[\x20-\x7e]*$/)
  })
})

describe('jsonPieces', () => {
  const list = Array.from({ length: 10_000 }, (_, i) => ({
    i,
    name: `${RIGHT_TO_LEFT_OVERRIDE} \u{e0041} "${i}"`,
    none: undefined,
  }))

  it('is the bytes of jsonLine, none of them long', () => {
    const pieces = [...jsonPieces({ first: 1, list, none: undefined, last: { list } })]
    assert.equal(pieces.join(''), jsonLine({ first: 1, list, none: undefined, last: { list } }))
    assert.ok(pieces.length > 3)
    const longest = Math.max(...[...jsonPieces({ list })].map(({ length }) => length))
    assert.ok(longest < 4 * 65_536, `${longest} characters, escapes included`)
  })

  it('is so of every kind of object', () => {
    const hole = [undefined, () => 1, null]
    const kinds = [
      {},
      { a: [] },
      { none: undefined },
      { none: undefined, a: 1 },
      { hole },
      [1, [2]],
      new Date(0),
      { d: new Date(0) },
    ]
    for (const kind of kinds) assert.equal([...jsonPieces(kind)].join(''), jsonLine(kind))
  })
})

describe('short', () => {
  it('keeps the end, where ids differ', () => {
    assert.equal(short('bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'), '…y55fbzdi')
  })
})
