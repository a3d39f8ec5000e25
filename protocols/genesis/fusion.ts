import { ACCEPT, reject, type Verdict } from '../wire/verdict.ts'

/** One part in a billion: what `step`, `density` and `scale` count in. */
export const BILLION = 1_000_000_000

interface Parameter {
  readonly min: number
  readonly max: number
  readonly isRequired: boolean
}

/** Of every rule: a step of all is no step. */
const STEP = { step: { min: 1, max: BILLION - 1, isRequired: false } }
const MAX_TRIM = 31

/** Every rule of this version with its parameters (docs/fusion.md, Rules). Rows are added, never edited. */
const RULES = {
  'mean/1': STEP,
  'weighted-mean/1': { ...STEP, maxRows: { min: 1, max: BILLION, isRequired: true } },
  'clipped-mean/1': STEP,
  'trimmed-mean/1': { ...STEP, trim: { min: 1, max: MAX_TRIM, isRequired: true } },
  'median/1': STEP,
  'ties/1': {
    ...STEP,
    density: { min: 1, max: BILLION, isRequired: true },
    scale: { min: 1, max: BILLION, isRequired: false },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Parameter>>>>

export type FusionRule = keyof typeof RULES
export type FusionParams = Readonly<Record<string, number>>

/** Names of the rules of this version, with their parameters. */
export const FUSION_RULES: Readonly<Record<FusionRule, Readonly<Record<string, Parameter>>>> = RULES

export function isFusionRule(rule: string): rule is FusionRule {
  return Object.hasOwn(RULES, rule)
}

/** SPEC 2.5 and 2.12: the rule is known, and its parameters are there, known and in their ranges. */
export function judgeFusion({ rule, params }: { readonly rule: string; readonly params: FusionParams }): Verdict {
  // [REJECT] SPEC 2.5: features that this version does not know are refused, never ignored.
  if (!isFusionRule(rule)) return reject('unsupported-rule')
  const known = FUSION_RULES[rule]
  if (!Object.keys(params).every((name) => Object.hasOwn(known, name))) return reject('unsupported-fusion-params')
  // [REJECT] SPEC 2.12: every parameter that the rule needs, each in its range.
  const isRight = Object.entries(known).every(([name, { min, max, isRequired }]) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (value === undefined) return !isRequired
    return Number.isSafeInteger(value) && value >= min && value <= max
  })
  return isRight ? ACCEPT : reject('bad-fusion-params')
}

/** SPEC 2.13: what a rule drops of the fewest inputs that a round may have leaves something. */
export function leavesInputs({ params }: { readonly params: FusionParams }, minContributions: number): boolean {
  return minContributions > 2 * (params['trim'] ?? 0)
}
