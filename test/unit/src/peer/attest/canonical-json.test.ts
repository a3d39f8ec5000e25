import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalJson, readableJson } from '../../../../../src/peer/attest/canonical-json.ts'
import { uuidOfUrl } from '../../../../../src/peer/attest/uuid.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'

describe('canonicalJson', () => {
  it('sorts names by code unit, as RFC 8785 does, and leaves no white space', () => {
    const value = { '€': 1, '\r': 2, \ufb33: 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 }
    assert.equal(canonicalJson(value), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}')
    assert.equal(canonicalJson([{ b: [], a: null }, true, '"']), '[{"a":null,"b":[]},true,"\\""]')
  })

  it('is JSON of the same value, and the same for any order of names', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger().map((n) => n + 0),
        fc.string(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value)
        assert.deepEqual(JSON.parse(text), value)
        assert.equal(canonicalJson(JSON.parse(text)), text)
      }),
    )
  })

  it('refuses what readers would round, and what is nested for ever', () => {
    const refused = (error: unknown) => isColdmeshError(error, 'bad-input')
    for (const number of [1.5, 2 ** 53, Number.NaN, -0]) assert.throws(() => canonicalJson([number]), refused)
    let deep: unknown = 0
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.throws(() => canonicalJson(deep), refused)
  })

  it('has a form for people, in the same order', () => {
    assert.equal(readableJson({ b: 1, a: [2] }), '{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n')
  })
})

describe('uuidOfUrl', () => {
  it('is version 5, as the example of RFC 9562 has it', () => {
    const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex')
    assert.equal(uuidOfUrl('www.example.com', dns), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
    assert.notEqual(uuidOfUrl('ipfs://a'), uuidOfUrl('ipfs://b'))
  })
})
