import { fraction } from '../sources/split.ts'
import type { PartOfSpeech, Synset } from '../sources/wordnet.ts'
import type { Row, Sources } from './row.ts'

const MIN_GLOSS_WORDS = 3

/** Synsets whose definition says enough to be judged. */
export function glosses(synsets: readonly Synset[]): Synset[] {
  return synsets.filter((synset) => synset.definition.split(' ').length >= MIN_GLOSS_WORDS)
}

export function textOf(synset: Synset): { unit: string; text: string } {
  return { unit: synset.id, text: synset.definition }
}

export function supersense({ synsets }: Sources, pos: PartOfSpeech, classes: readonly string[]): Row[] {
  return glosses(synsets)
    .filter((synset) => synset.pos === pos && classes.includes(synset.supersense))
    .map((synset) => ({ ...textOf(synset), label: synset.supersense }))
}

/**
 * A noun with its own definition, or with that of another noun of the same supersense and the same split (so that a
 * test definition is in no training row, and the topic alone gives nothing away).
 */
export function glossMatch({ synsets, splitOf }: Sources): Row[] {
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

export function examplePos({ synsets }: Sources): Row[] {
  return synsets.flatMap((synset) =>
    synset.examples.flatMap((example) => {
      const word = synset.words.find((candidate) => example.toLowerCase().includes(candidate.toLowerCase()))
      if (word === undefined || example.split(' ').length < MIN_GLOSS_WORDS) return []
      return [{ unit: synset.id, text: word, pair: example, label: synset.pos }]
    }),
  )
}

/** Synsets all of whose rated words have one sign. */
export function sentiment({ synsets, afinn }: Sources): Row[] {
  return glosses(synsets).flatMap((synset) => {
    const signs = new Set(
      synset.words.map((word) => Math.sign(afinn[word.toLowerCase()] ?? 0)).filter((sign) => sign !== 0),
    )
    if (signs.size !== 1) return []
    return [{ ...textOf(synset), label: signs.has(1) ? 'positive' : 'negative' }]
  })
}

/**
 * Synsets of a supersense that lie under exactly one of some synsets of it, labelled by that one.
 * @param roots first words of those synsets
 */
export function underRoots({ synsets }: Sources, shelf: string, roots: readonly string[]): Row[] {
  const ancestors = createAncestors(synsets)
  const found = roots.map((name) => {
    const root = synsets.find((s) => s.pos === 'noun' && s.supersense === shelf && s.words[0] === name)
    if (root === undefined) throw new Error(`WordNet has no ${shelf} ${name}`)
    return { name, id: root.id }
  })
  return glosses(synsets)
    .filter((synset) => synset.pos === 'noun' && synset.supersense === shelf)
    .flatMap((synset) => {
      const above = ancestors(synset)
      const [root, second] = found.filter(({ id }) => above.has(id))
      return root === undefined || second !== undefined ? [] : [{ ...textOf(synset), label: root.name }]
    })
}

/** Synsets that WordNet assigns to one subject; related subjects are one class. */
export function subject({ synsets }: Sources, subjects: Readonly<Record<string, readonly string[]>>): Row[] {
  const byId = new Map(synsets.map((synset) => [synset.id, synset]))
  const classOf = new Map(Object.entries(subjects).flatMap(([label, words]) => words.map((word) => [word, label])))
  return glosses(synsets).flatMap((synset) => {
    const labels = new Set(synset.topics.map((id) => classOf.get(byId.get(id)?.words[0] ?? '')))
    const [label] = labels
    return labels.size !== 1 || label === undefined ? [] : [{ ...textOf(synset), label }]
  })
}

/**
 * A noun and the definition of something: of a kind of it, or of a kind of another noun of the same supersense that is
 * not above it. Only the definition's synset decides the split; the nouns are words, which all sides share.
 */
export function kindOf({ synsets }: Sources): Row[] {
  const nouns = synsets.filter(({ pos, supersense }) => pos === 'noun' && supersense !== 'Tops')
  const byId = new Map(nouns.map((synset) => [synset.id, synset]))
  const ancestors = createAncestors(nouns)
  const children = glosses(nouns).flatMap((synset) => {
    const parent = byId.get(synset.hypernyms[0] ?? '')
    return parent === undefined || /\d/.test(synset.definition) ? [] : [{ synset, parent }]
  })
  const shelves = Map.groupBy(children, ({ parent }) => parent.supersense)
  return children.flatMap(({ synset, parent }) => {
    const row = { unit: synset.id, pair: synset.definition }
    const word = parent.words[0] ?? ''
    if (fraction(`kind ${synset.id}`) < 0.5) return [{ ...row, text: word, label: 'yes' }]
    const shelf = shelves.get(parent.supersense) ?? []
    const other = shelf[Math.floor(fraction(`other kind ${synset.id}`) * shelf.length)]?.parent
    const above = [synset, ...[...ancestors(synset)].map((id) => byId.get(id))]
    const otherWord = other?.words[0]
    if (otherWord === undefined || above.some((one) => one?.words.includes(otherWord))) return []
    return [{ ...row, text: otherWord, label: 'no' }]
  })
}

/** Ids of everything above a synset. */
function createAncestors(synsets: readonly Synset[]): (synset: Synset) => ReadonlySet<string> {
  const byId = new Map(synsets.map((synset) => [synset.id, synset]))
  const collect = (synset: Synset, found = new Set<string>()): Set<string> => {
    for (const id of synset.hypernyms) {
      const above = byId.get(id)
      if (above !== undefined && !found.has(id)) {
        found.add(id)
        collect(above, found)
      }
    }
    return found
  }
  return (synset) => collect(synset)
}
