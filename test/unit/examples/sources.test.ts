import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { passagesOf } from '../../../examples/data/sources/addresses.ts'
import { csv } from '../../../examples/data/sources/csv.ts'
import { articlesOf } from '../../../examples/data/sources/declarations.ts'
import { sentencesOf } from '../../../examples/data/sources/prose.ts'
import { assignSplits, fraction, textKey } from '../../../examples/data/sources/split.ts'
import { parseSynset } from '../../../examples/data/sources/wordnet.ts'

describe('parseSynset', () => {
  it('takes words, supersense, hypernyms, subjects, definition and examples from a line', () => {
    const line =
      '02084071 05 n 02 dog 0 domestic_dog(p) 0 003 @ 02083346 n 0000 ~ 01322604 n 0000 ;c 06092831 n 0000 | ' +
      '(zoology) a member of the genus Canis; bred in many forms; "the dog barked all night"; "good dog"  '
    assert.deepEqual(parseSynset(line, 'noun'), {
      id: 'n02084071',
      pos: 'noun',
      supersense: 'animal',
      words: ['dog', 'domestic dog'],
      definition: 'a member of the genus Canis; bred in many forms',
      examples: ['the dog barked all night', 'good dog'],
      hypernyms: ['n02083346'],
      topics: ['n06092831'],
    })
  })
})

describe('assignSplits', () => {
  const units = Array.from({ length: 2000 }, (_, at) => ({ id: `u${at}`, texts: [`text ${at}`] }))

  it('keeps units that share a text together, whatever the order', () => {
    const linked = [...units, { id: 'z1', texts: ['Text 5!', 'bridge'] }, { id: 'z2', texts: ['bridge'] }]
    const splits = assignSplits(linked)
    assert.equal(splits.get('z1'), splits.get('u5'))
    assert.equal(splits.get('z2'), splits.get('u5'))
    assert.deepEqual(new Map([...assignSplits(linked.toReversed())].sort()), new Map([...splits].sort()))
  })

  it('gives each side about its share', () => {
    const counts = Object.groupBy(assignSplits(units).values(), (split) => split)
    assert.ok(Math.abs((counts.test?.length ?? 0) / 2000 - 0.16) < 0.03)
    assert.ok(Math.abs((counts.validation?.length ?? 0) / 2000 - 0.09) < 0.03)
  })

  it('never changes for a name: the committed tasks depend on it', () => {
    assert.equal(fraction('n02084071').toFixed(9), '0.006845843')
  })
})

describe('textKey', () => {
  it('ignores case, punctuation and spaces', () => {
    assert.equal(textKey(' The dog,  barked! '), textKey('the dog barked'))
    assert.notEqual(textKey('the dog barked'), textKey('the dog barks'))
  })
})

describe('csv', () => {
  it('quotes what must be quoted', () => {
    assert.equal(
      csv([['a', 'b,c', 'say "x"', ' padded', 'two\nlines']]),
      'a,"b,c","say ""x"""," padded","two\nlines"\n',
    )
  })
})

describe('sentencesOf', () => {
  it('splits before a capital after a full stop, and joins lines', () => {
    assert.deepEqual(sentencesOf('First one.\nSecond is 3.5 long? “Third!” Yes it is.'), [
      'First one.',
      'Second is 3.5 long?',
      '“Third!”',
      'Yes it is.',
    ])
  })
})

describe('passagesOf', () => {
  it('joins whole sentences while they fit, and leaves out what is too long or too short', () => {
    const half = `${'a'.repeat(119)}.`
    const long = `${'b'.repeat(241)}.`
    const short = `${'c'.repeat(78)}.`
    assert.deepEqual(passagesOf([half, half.slice(1), half, long, short]), [`${half} ${half.slice(1)}`, half])
  })
})

describe('articlesOf', () => {
  it('takes the paragraphs of a page, without marks, cut at a space', () => {
    const long = `${'word '.repeat(40)}end`
    const page = `<html data-iso6393="eng"><p>All <b>are</b> born free &amp; equal.</p><p>Short.</p><p>${long}</p></html>`
    assert.deepEqual(articlesOf(page), [
      { article: 'udhr:0', language: 'eng', text: 'All are born free & equal.' },
      { article: 'udhr:2', language: 'eng', text: `${'word '.repeat(36)}`.trim() },
    ])
    assert.deepEqual(articlesOf('<p>Of no language that is named.</p>'), [])
  })
})
