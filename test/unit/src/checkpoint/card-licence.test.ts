import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cardOfLicence, licenceOfCard } from '../../../../src/checkpoint/card-licence.ts'

describe('licenceOfCard', () => {
  it('reads one line of the front matter', () => {
    for (const [card, license] of [
      ['---\nlicense: apache-2.0\ntags:\n- a\n---\n# Title', 'apache-2.0'],
      ['---\r\nlicense: "CC-BY-4.0" # ours\r\n---\r\n', 'CC-BY-4.0'],
      ['---\ntags:\n- license: mit\n---\n', null],
      ['---\nlicense:\n- mit\n---\n', null],
      ['# Title\nlicense: mit\n', null],
      ['license: mit', null],
      ['', null],
      ['---\nlicense: mit\n', null],
    ] as const) {
      assert.equal(licenceOfCard(card), license, card)
    }
  })
})

describe('cardOfLicence', () => {
  it('says the licence, and is read as that', () => {
    assert.equal(cardOfLicence('apache-2.0'), '---\nlicense: apache-2.0\n---\n')
    for (const license of ['mit', 'MIT OR (GPL-2.0-only WITH Classpath-exception-2.0)', 'other', 'GPL-2.0+']) {
      assert.equal(licenceOfCard(cardOfLicence(license) ?? ''), license)
    }
  })

  it('does not pass on what would be something else in a card', () => {
    for (const license of ['', ' mit', 'mit ', '[mit]', '- mit', 'a: b', '*x', '\u001b[31m', 'ü', 'x'.repeat(201)]) {
      assert.equal(cardOfLicence(license), null, license)
    }
  })
})
