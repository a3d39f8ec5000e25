import { createRequire } from 'node:module'
import parse, { type Info } from 'spdx-expression-parse'

/** SPDX's list, current and deprecated names; JSON, so required. */
const require = createRequire(import.meta.url)
const IDS: readonly string[] = [...require('spdx-license-ids'), ...require('spdx-license-ids/deprecated')]
const CASED = new Map(IDS.map((id) => [id.toLowerCase(), id]))

/** What somebody states as a licence. */
export type LicenceText =
  /** Nothing, or `NOASSERTION` or `NONE`, which say no more. */
  | { readonly kind: 'not-stated' }
  | { readonly kind: 'spdx'; readonly expression: string; readonly info: Info }
  /** Some other name: for a person to read. */
  | { readonly kind: 'named'; readonly name: string }

/** Names of licences are the same in any case (SPDX 2.3, D.2); the expression comes out in SPDX's own. */
export function readLicence(text: string | null): LicenceText {
  if (text === null || /^\s*(noassertion|none)?\s*$/i.test(text)) return { kind: 'not-stated' }
  const expression = text
    .trim()
    .replace(/[A-Za-z0-9][A-Za-z0-9.-]*/g, (word) => CASED.get(word.toLowerCase()) ?? inUpperCase(word))
  try {
    return { kind: 'spdx', expression, info: parse(expression) }
  } catch {
    return { kind: 'named', name: text }
  }
}

const OPERATORS = ['AND', 'OR', 'WITH']
const inUpperCase = (word: string) => (OPERATORS.includes(word.toUpperCase()) ? word.toUpperCase() : word)
