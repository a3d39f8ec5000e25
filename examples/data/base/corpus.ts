import type { LoadedSources } from '../sources/load.ts'
import { fraction, textKey } from '../sources/split.ts'

/** One pretraining text: one segment or two, and words that the [CLS] position may be asked for. */
export interface Entry {
  readonly first: string
  readonly second?: string
  /** Words that the entry is about and that are not in it; [CLS] learns to name one. Empty: none. */
  readonly topics: readonly string[]
}

const MIN_PROSE_CHARS = 20
const MAX_PROSE_CHARS = 220
/** How often a passage is a paragraph, so that far positions are learned too. */
const PARAGRAPH_SHARE = 0.06
const PARAGRAPH_CHARS = 560

/**
 * Everything the base is pretrained on: training-split synsets (word with definition, definition alone, word with
 * example) and prose. In a stable shuffled order.
 *
 * @param heldOut keys (`textKey`) of every validation and test text of every task; prose that equals one is left out
 */
export function buildCorpus(sources: LoadedSources, heldOut: ReadonlySet<string>): Entry[] {
  const entries: Entry[] = []
  for (const { id, words, definition, examples } of sources.synsets) {
    if (sources.splitOf(id) !== 'train') continue
    if (definition !== '') {
      entries.push({ first: words.join(', '), second: definition, topics: [] })
      entries.push({ first: definition, topics: words })
    }
    for (const example of examples) {
      const word = words.find((candidate) => example.toLowerCase().includes(candidate.toLowerCase()))
      if (word === undefined) entries.push({ first: example, topics: [] })
      else entries.push({ first: word, second: example, topics: [] })
    }
  }
  for (const [document, sentences] of sources.prose.entries()) {
    const kept = sentences.filter((s) => s.length >= MIN_PROSE_CHARS && !heldOut.has(textKey(s)))
    for (const first of passages(kept, document)) entries.push({ first, topics: [] })
  }
  assertHeldOut(entries, heldOut)
  return entries
    .map((entry, at) => ({ entry, at: fraction(`entry ${at}`) }))
    .sort((a, b) => a.at - b.at)
    .map(({ entry }) => entry)
}

/** Mostly single sentences, some paragraphs, each sentence once. */
function passages(sentences: readonly string[], document: number): string[] {
  const found: string[] = []
  for (let at = 0; at < sentences.length; at++) {
    let passage = sentences[at] ?? ''
    const isParagraph = fraction(`paragraph ${document} ${at}`) < PARAGRAPH_SHARE
    while (isParagraph && passage.length < PARAGRAPH_CHARS && at + 1 < sentences.length)
      passage += ` ${sentences[++at]}`
    found.push(passage.slice(0, isParagraph ? PARAGRAPH_CHARS : MAX_PROSE_CHARS))
  }
  return found
}

function assertHeldOut(entries: readonly Entry[], heldOut: ReadonlySet<string>): void {
  for (const { first, second } of entries) {
    const key = textKey(second ?? first)
    if (heldOut.has(key)) throw new Error(`a held-out text would be pretrained on: "${key}"`)
  }
}
