import { code, integer } from './card-text.ts'
import { escapeMarkdown } from './escape.ts'

/** A fusion rule with its parameters by name, integers as the genesis has them. */
export interface CardRule {
  readonly rule: string
  readonly params: readonly (readonly [name: string, value: number])[]
}

/** What an embedded amendment changes. Absent: not that. */
export interface CardAmendment {
  /** CID of the amendment. */
  readonly id: string
  /** Names are peers' texts. */
  readonly add?: readonly { readonly name: string; readonly key: string }[]
  readonly remove?: readonly string[]
  readonly quorum?: string
  /** `open`, `vouched`, or keys. */
  readonly contributors?: string | readonly string[]
  /** Fields of how a round runs, by name. */
  readonly round?: readonly (readonly [name: string, value: number])[]
  /** Billionths. */
  readonly gate?: { readonly maxDrop: number } | null
  readonly fusion?: CardRule
  /** CID of the earlier base whose weights this base has. */
  readonly rollback?: string
}

/** `density 200000000, step 500000000`, by name. */
export function parameters({ params }: CardRule): string {
  return params.length === 0 ? 'none' : byName(params).join(', ')
}

/** One line of Markdown for each thing that changes. */
export function amendmentLines(change: CardAmendment): readonly string[] {
  const { add = [], remove = [], quorum, contributors, round = [], gate, fusion, rollback } = change
  return [
    ...add.map(({ name, key }) => `adds the member ${escapeMarkdown(name)}, ${code(key)}`),
    ...remove.map((key) => `removes the member ${code(key)}`),
    ...(quorum === undefined ? [] : [`quorum: ${code(quorum)}`]),
    ...(contributors === undefined ? [] : [`contributors: ${[contributors].flat().map(code).join(', ')}`]),
    ...byName(round),
    ...(gate === undefined ? [] : [`gate: ${gate === null ? 'none' : `maxDrop ${integer(gate.maxDrop)}`}`]),
    ...(fusion === undefined ? [] : [`fusion rule: ${code(fusion.rule)}, parameters: ${parameters(fusion)}`]),
    ...(rollback === undefined ? [] : [`rollback to the base ${code(rollback)}`]),
  ]
}

function byName(pairs: readonly (readonly [name: string, value: number])[]): readonly string[] {
  return pairs
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${escapeMarkdown(name)} ${integer(value)}`)
}
