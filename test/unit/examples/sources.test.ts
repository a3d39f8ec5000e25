import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { csv } from '../../../examples/data/sources/csv.ts'
import { sentencesOf } from '../../../examples/data/sources/prose.ts'
import { assignSplits, fraction, textKey } from '../../../examples/data/sources/split.ts'
import { parseSynset } from '../../../examples/data/sources/wordnet.ts'

describe('parseSynset', () => {
  it('takes words, supersense, hypernyms, definition and examples from a line', () => {
    const line =
      '02084071 05 n 02 dog 0 domestic_dog(p) 0 002 @ 02083346 n 0000 ~ 01322604 n 0000 | ' +
      '(zoology) a member of the genus Canis; bred in many forms; "the dog barked all night"; "good dog"  '
    assert.deepEqual(parseSynset(line, 'noun'), {
      id: 'n02084071',
      pos: 'noun',
      supersense: 'animal',
      words: ['dog', 'domestic dog'],
      definition: 'a member of the genus Canis; bred in many forms',
      examples: ['the dog barked all night', 'good dog'],
      hypernyms: ['n02083346'],
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
