import type { Row, Sources } from './row.ts'

/** First year after each era but the last. */
const ERAS = [
  [1850, '1790-1849'],
  [1900, '1850-1899'],
  [1946, '1900-1945'],
  [1990, '1946-1989'],
  [Number.POSITIVE_INFINITY, '1990-2021'],
] as const

/** Passages of State of the Union addresses, by the time of the address. */
export function era({ addresses }: Sources): Row[] {
  return addresses.flatMap(({ id, year, passages }) => {
    const label = ERAS.find(([end]) => year < end)?.[1] ?? ''
    return passages.map((text) => ({ unit: id, text, label }))
  })
}

/** Paragraphs of the Universal Declaration of Human Rights, by language. */
export function language({ articles }: Sources): Row[] {
  return articles.map(({ article, language: label, text }) => ({ unit: article, text, label }))
}

/** First names that stand on one of two lists. */
export function nameList({ names }: Sources): Row[] {
  return names.map(({ id, name, list }) => ({ unit: id, text: name, label: list }))
}
