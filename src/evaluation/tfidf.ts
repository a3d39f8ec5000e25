import type { Example } from '../ports/dataset.ts'

/** A text as few of many numbers. */
export interface SparseRow {
  readonly columns: Int32Array
  readonly values: Float64Array
}

export interface Tfidf {
  /** How many numbers a row has. */
  readonly size: number
  /** The row of a text or pair: of length 1 for each of its texts, or 0 where nothing in it is known. */
  row(example: Pick<Example, 'text' | 'pair'>): SparseRow
}

const WORD = /[\p{L}\p{N}_]{2,}/gu

/**
 * TF-IDF of words and pairs of neighbouring words: 1 + ln(count in the text) times ln((1 + rows) / (1 + rows with it)) + 1, as scikit-learn's
 * `TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)` has it. The two texts of a pair are counted by themselves.
 */
export function fitTfidf(examples: readonly Pick<Example, 'text' | 'pair'>[]): Tfidf {
  const parts = [createPart(examples.map(({ text }) => text))]
  if (examples.some(({ pair }) => pair !== undefined)) parts.push(createPart(examples.map(({ pair }) => pair ?? '')))
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  return {
    size,
    row({ text, pair = '' }) {
      const columns: number[] = []
      const values: number[] = []
      let first = 0
      for (const [index, part] of parts.entries()) {
        for (const [column, value] of part.weigh(index === 0 ? text : pair)) {
          columns.push(first + column)
          values.push(value)
        }
        first += part.size
      }
      return { columns: Int32Array.from(columns), values: Float64Array.from(values) }
    },
  }
}

function createPart(texts: readonly string[]) {
  const columns = new Map<string, number>()
  const rowsWith: number[] = []
  for (const text of texts) {
    for (const term of new Set(termsOf(text))) {
      const column = columns.get(term) ?? columns.size
      columns.set(term, column)
      rowsWith[column] = (rowsWith[column] ?? 0) + 1
    }
  }
  const rarity = rowsWith.map((rows) => Math.log((1 + texts.length) / (1 + rows)) + 1)
  return {
    size: columns.size,
    weigh(text: string): [column: number, value: number][] {
      const counts = new Map<number, number>()
      for (const term of termsOf(text)) {
        const column = columns.get(term)
        if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1)
      }
      const weighed = [...counts].map(([column, count]): [number, number] => [
        column,
        (1 + Math.log(count)) * (rarity[column] ?? 0),
      ])
      const norm = Math.hypot(...weighed.map(([, value]) => value))
      return weighed.map(([column, value]) => [column, value / norm])
    },
  }
}

function termsOf(text: string): string[] {
  const words = text.toLowerCase().match(WORD) ?? []
  return [...words, ...words.slice(1).map((word, index) => `${words[index]} ${word}`)]
}
