import type { Info } from 'spdx-expression-parse'
import { type LicenceFacts, licenceFacts, type Outcome } from './licence-table.ts'
import { readLicence } from './licence-text.ts'

/** What a person should read before passing a base on. No legal advice. */
export interface LicenceWarning {
  readonly kind: 'not-stated' | 'not-spdx' | 'not-judged' | 'non-commercial' | 'no-derivatives' | 'excluding'
  /** As stated, two where they exclude each other; none where none is stated. A peer's text. */
  readonly licences: readonly string[]
  /** Ids of contributions; `genesis` for the base that the network started from. */
  readonly contributions: readonly string[]
  /** One sentence. */
  readonly why: string
}

export interface StatedLicence {
  /** Who states it: id of a contribution, or `genesis`. */
  readonly by: string
  /** A peer's text; null where it states none. */
  readonly license: string | null
}

/** Licences whose pairs are compared; whoever states more has other aims. */
const MAX_COMPARED = 512
const MAX_PAIRS = 256

interface Judged extends LicenceFacts {
  readonly text: string
  readonly by: readonly string[]
}

/** What is to be thought about when these are all in one model. The same for the same statements, in any order. */
export function warnOfLicences(stated: readonly StatedLicence[]): readonly LicenceWarning[] {
  const groups = new Map<string, string[]>()
  const missing: string[] = []
  const named = new Map<string, string[]>()
  const facts = new Map<string, LicenceFacts>()
  for (const { by, license } of stated) {
    const read = readLicence(license)
    if (read.kind === 'not-stated') missing.push(by)
    else if (read.kind === 'named') add(named, read.name, by)
    else {
      add(groups, read.expression, by)
      facts.set(read.expression, facts.get(read.expression) ?? factsOf(read.info))
    }
  }
  const judged = [...groups].flatMap(([text, by]): Judged[] => {
    const found = facts.get(text)
    return found === undefined ? [] : [{ ...found, text, by: by.sort() }]
  })
  judged.sort((a, b) => (a.text < b.text ? -1 : 1))
  const each = (kind: LicenceWarning['kind'], why: string, isSo: (licence: Judged) => boolean): LicenceWarning[] =>
    judged.filter(isSo).map(({ text, by }) => ({ kind, licences: [text], contributions: by, why }))
  return [
    ...(missing.length === 0
      ? []
      : [{ kind: 'not-stated' as const, licences: [], contributions: missing.sort(), why: NOT_STATED }]),
    ...[...named]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, by]) => ({ kind: 'not-spdx' as const, licences: [name], contributions: by.sort(), why: NOT_SPDX })),
    ...each('not-judged', NOT_JUDGED, ({ isKnown }) => !isKnown),
    ...each('non-commercial', NON_COMMERCIAL, ({ isNonCommercial }) => isNonCommercial),
    ...each('no-derivatives', NO_DERIVATIVES, ({ isNoDerivatives }) => isNoDerivatives),
    ...each('excluding', AT_ODDS, ({ isKnown, isNoDerivatives, outcomes }) => {
      return isKnown && !isNoDerivatives && outcomes.length === 0
    }),
    ...excluding(judged),
  ]
}

const NOT_STATED = 'Nobody said under which licence these data are: without one, nothing is allowed.'
const NOT_SPDX = 'This is no SPDX licence expression: a person has to read what is meant.'
const NOT_JUDGED = 'coldmesh knows nothing about this licence: a person has to read it.'
const NON_COMMERCIAL = 'This licence allows no commercial use.'
const NO_DERIVATIVES = 'This licence does not allow to pass on what is derived from the work.'
const AT_ODDS = 'It asks for two licences at once that leave no terms under which what is derived could be passed on.'

/** Pairs that leave no terms under which what is derived from both could be passed on. */
function excluding(judged: readonly Judged[]): readonly LicenceWarning[] {
  const strict = judged.filter(({ outcomes, isKnown }) => isKnown && outcomes.length > 0).slice(0, MAX_COMPARED)
  const pairs: LicenceWarning[] = []
  for (const [i, a] of strict.entries()) {
    for (const b of strict.slice(i + 1)) {
      if (a.outcomes.some((outcome) => b.outcomes.includes(outcome))) continue
      pairs.push({
        kind: 'excluding',
        licences: [a.text, b.text],
        contributions: [...a.by, ...b.by],
        why: `What is derived may be passed on under ${termsOf(a)} by the first, under ${termsOf(b)} by the second, and nothing is in both.`,
      })
      if (pairs.length === MAX_PAIRS) return pairs
    }
  }
  return pairs
}

const termsOf = ({ outcomes }: LicenceFacts) =>
  outcomes.length > 4 ? `${outcomes.slice(0, 4).join(', ')} and others` : outcomes.join(' or ')

/** Of an expression: `OR` leaves the choice, `AND` asks for both. An exception (`WITH`) is not looked at: it only allows more. */
function factsOf(info: Info): LicenceFacts {
  if ('license' in info) return licenceFacts(info.license, info.plus === true)
  const [left, right] = [factsOf(info.left), factsOf(info.right)]
  const isOr = info.conjunction === 'or'
  const both = (a: boolean, b: boolean) => (isOr ? a && b : a || b)
  return {
    outcomes: isOr ? union(left.outcomes, right.outcomes) : left.outcomes.filter((one) => right.outcomes.includes(one)),
    isNonCommercial: both(left.isNonCommercial, right.isNonCommercial),
    isNoDerivatives: both(left.isNoDerivatives, right.isNoDerivatives),
    isKnown: left.isKnown && right.isKnown,
  }
}

const union = (a: readonly Outcome[], b: readonly Outcome[]) => [...new Set([...a, ...b])]

function add(groups: Map<string, string[]>, key: string, by: string): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [by])
  else group.push(by)
}
