import { BILLION, type FusionParams, isFusionRule, judgeFusion } from '../../protocols/genesis/fusion.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Kept } from './magnitudes.ts'
import { unknownRule } from './rule-text.ts'

interface Stepped {
  /** Part of the way from the base to the rule's number, below 1; null: all of it. */
  readonly step: number | null
}

/** A rule with all that one fusion takes; plain data. */
export type ReadyRule = Stepped &
  (
    | { readonly rule: 'mean/1' | 'median/1' }
    | { readonly rule: 'weighted-mean/1'; readonly weights: readonly number[] }
    /** In 65,536ths. */
    | { readonly rule: 'clipped-mean/1'; readonly factors: readonly number[] }
    /** How many values are dropped at each end. */
    | { readonly rule: 'trimmed-mean/1'; readonly trim: number }
    | { readonly rule: 'ties/1'; readonly kept: readonly Kept[]; readonly scale: number }
  )

/** A rule as its network states it, before anything was read. */
export type StatedRule = Stepped &
  (
    | Exclude<ReadyRule, { readonly rule: 'clipped-mean/1' | 'ties/1' }>
    | { readonly rule: 'clipped-mean/1' }
    /** In billionths. */
    | { readonly rule: 'ties/1'; readonly density: number; readonly scale: number }
  )

export interface RuleOptions {
  readonly rule: string
  readonly params: FusionParams
  readonly inputs: number
  /** Rows that each input states; needed by `weighted-mean/1`. */
  readonly rows: readonly number[] | undefined
}

/**
 * A rule by its exact name and version; there is no falling back to another.
 * @throws ColdmeshError `unsupported` (rule or parameter), `bad-input` (a parameter's value, too few inputs)
 */
export function readRule({ rule, params, inputs, rows }: RuleOptions): StatedRule {
  const verdict = judgeFusion({ rule, params })
  if (!isFusionRule(rule) || verdict.verdict !== 'accept') throw unknownRule(rule, params)
  const step = params['step'] === undefined ? null : params['step'] / BILLION
  switch (rule) {
    case 'mean/1':
    case 'median/1':
    case 'clipped-mean/1':
      return { rule, step }
    case 'weighted-mean/1':
      return { rule, step, weights: weightsOf(rows, inputs, params['maxRows'] ?? 1) }
    case 'trimmed-mean/1':
      return { rule, step, trim: trimOf(params['trim'] ?? 0, inputs) }
    case 'ties/1':
      return { rule, step, density: params['density'] ?? BILLION, scale: (params['scale'] ?? BILLION) / BILLION }
  }
}

function trimOf(trim: number, inputs: number): number {
  if (inputs > 2 * trim) return trim
  const message = `trimmed-mean/1 drops ${2 * trim} values of each element; ${inputs} inputs are too few.`
  throw new ColdmeshError('bad-input', message, {
    hint: `give at least ${2 * trim + 1} inputs, or lower the parameter trim`,
  })
}

function weightsOf(rows: readonly number[] | undefined, inputs: number, maxRows: number): readonly number[] {
  const isRight = rows?.length === inputs && rows.every((count) => Number.isSafeInteger(count) && count >= 1)
  if (isRight) return rows.map((count) => Math.min(count, maxRows))
  throw new ColdmeshError('bad-input', 'weighted-mean/1 needs the number of rows of each input, at least 1.', {
    hint: 'state the rows of every input, in the inputs’ order',
  })
}
