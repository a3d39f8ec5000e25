import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readLicence } from '../../../../../src/peer/attest/licence-text.ts'
import { type LicenceWarning, warnOfLicences } from '../../../../../src/peer/attest/licence-warnings.ts'

const warn = (...licences: (string | null)[]) =>
  warnOfLicences(licences.map((license, i) => ({ by: `c${i}`, license })))
const kinds = (...licences: (string | null)[]) => warn(...licences).map(({ kind }) => kind)
const excludes = (a: string, b: string) => warn(a, b).some(({ kind }: LicenceWarning) => kind === 'excluding')

describe('readLicence', () => {
  it('reads SPDX expressions, in any case', () => {
    for (const [text, expression] of [
      ['Apache-2.0', 'Apache-2.0'],
      ['apache-2.0 or (mit and cc-by-4.0)', 'Apache-2.0 OR (MIT AND CC-BY-4.0)'],
      ['GPL-2.0-or-later WITH Classpath-exception-2.0', 'GPL-2.0-or-later WITH Classpath-exception-2.0'],
      ['LicenseRef-mine', 'LicenseRef-mine'],
    ] as const) {
      const read = readLicence(text)
      assert.ok(read.kind === 'spdx', text)
      assert.equal(read.expression, expression)
    }
  })

  it('tells other names and no statement apart', () => {
    for (const text of [null, '', ' ', 'NOASSERTION', 'noassertion', 'NONE']) {
      assert.equal(readLicence(text).kind, 'not-stated', String(text))
    }
    for (const text of ['public', 'CC BY 4.0', 'MIT AND', '((((', 'MIT, Apache-2.0', '__proto__', 'constructor']) {
      assert.deepEqual(readLicence(text), { kind: 'named', name: text })
    }
  })
})

describe('warnOfLicences', () => {
  it('has nothing to say of licences that ask for a notice', () => {
    assert.deepEqual(warn('MIT', 'Apache-2.0', 'CC-BY-4.0', 'CC0-1.0', 'cc-by-3.0', 'ODC-By-1.0', 'GPL-3.0-only'), [])
  })

  it('names each kind, with who states it', () => {
    assert.deepEqual(kinds(null, 'NOASSERTION'), ['not-stated'])
    assert.deepEqual(warn('MIT', null, 'NOASSERTION')[0]?.contributions, ['c1', 'c2'])
    assert.deepEqual(kinds('our own'), ['not-spdx'])
    assert.deepEqual(kinds('CC-BY-NC-4.0'), ['non-commercial'])
    assert.deepEqual(kinds('CC-BY-ND-4.0'), ['no-derivatives'])
    assert.deepEqual(kinds('CC-BY-NC-ND-4.0'), ['non-commercial', 'no-derivatives'])
    assert.deepEqual(kinds('EUPL-1.2', 'MPL-2.0', 'LGPL-3.0-only'), ['not-judged', 'not-judged', 'not-judged'])
    assert.deepEqual(kinds('CC-BY-SA-4.0', 'CC-BY-NC-SA-4.0'), ['non-commercial', 'excluding'])
  })

  it('finds pairs that leave no terms for what is derived from both', () => {
    for (const [a, b] of [
      ['CC-BY-SA-4.0', 'CC-BY-NC-SA-4.0'],
      ['CC-BY-SA-4.0', 'CC-BY-NC-4.0'],
      ['CC-BY-SA-1.0', 'CC-BY-SA-4.0'],
      ['CC-BY-SA-4.0', 'GPL-2.0-only'],
      ['GPL-2.0-only', 'Apache-2.0'],
      ['GPL-2.0-only', 'GPL-3.0-only'],
      ['GPL-2.0', 'GPL-3.0-or-later'],
      ['GPL-2.0-only', 'AGPL-3.0-only'],
      ['GPL-3.0-or-later', 'CC-BY-NC-4.0'],
    ] as const) {
      assert.ok(excludes(a, b), `${a}, ${b}`)
      assert.ok(excludes(b, a), `${b}, ${a}`)
    }
  })

  it('lets pairs stand that can be passed on together', () => {
    for (const [a, b] of [
      ['CC-BY-SA-3.0', 'CC-BY-SA-4.0'],
      ['CC-BY-SA-4.0', 'GPL-3.0-only'],
      ['CC-BY-NC-4.0', 'CC-BY-NC-SA-4.0'],
      ['CC-BY-4.0', 'CC-BY-NC-SA-4.0'],
      ['GPL-2.0-or-later', 'Apache-2.0'],
      ['GPL-2.0-or-later', 'GPL-3.0-only'],
      ['GPL-2.0+', 'AGPL-3.0-only'],
      ['GPL-3.0-only', 'Apache-2.0'],
    ] as const) {
      assert.ok(!excludes(a, b), `${a}, ${b}`)
    }
  })

  it('leaves the choice of OR, and asks for both of AND', () => {
    assert.ok(!excludes('MIT OR GPL-2.0-only', 'Apache-2.0'))
    assert.ok(excludes('MIT AND GPL-2.0-only', 'Apache-2.0'))
    assert.deepEqual(kinds('CC-BY-NC-4.0 OR MIT'), [])
    assert.deepEqual(kinds('CC-BY-NC-4.0 AND MIT'), ['non-commercial'])
    assert.deepEqual(kinds('GPL-2.0-only AND Apache-2.0'), ['excluding'])
  })

  it('says the same in any order, and not without end', () => {
    const one = warn('CC-BY-SA-4.0', 'MIT', 'CC-BY-NC-4.0')
    const other = warnOfLicences([
      { by: 'c2', license: 'CC-BY-NC-4.0' },
      { by: 'c0', license: 'CC-BY-SA-4.0' },
      { by: 'c1', license: 'MIT' },
    ])
    assert.deepEqual(one, other)
    const many = Array.from({ length: 40 }, (_, i) => [
      `CC-BY-SA-4.0${' AND MIT'.repeat(i)}`,
      `GPL-2.0-only${' AND MIT'.repeat(i)}`,
    ]).flat()
    assert.equal(warn(...many).filter(({ kind }) => kind === 'excluding').length, 256)
  })
})
