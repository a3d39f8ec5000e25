import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jsonLine, short, show } from '../../../../node/text/escape.ts'

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

describe('short', () => {
  it('keeps the end, where ids differ', () => {
    assert.equal(short('bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'), '…y55fbzdi')
  })
})
