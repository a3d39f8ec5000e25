import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingPlan } from '../ports/trainer.ts'
import { METRICS } from './scores.ts'

/**
 * Suits small encoders (2 to 12 layers) and datasets of hundreds to tens of thousands of rows: larger rates and fewer examples than the
 * paper's 5e-5 and 256 thousand, which are for RoBERTa-base.
 */
export const DEFAULT_PLAN: TrainingPlan = {
  optimizer: 'adamw',
  learningRate: 2e-4,
  headRate: 10,
  weightDecay: 0.01,
  warmup: 0.1,
  schedule: 'linear',
  batch: 32,
  accumulation: 1,
  steps: 100,
  epochs: null,
  maxSeconds: null,
  clipNorm: 1,
  maxTokens: 64,
  dropout: null,
  seed: 1,
  validationFraction: 0.1,
  metric: null,
  positive: null,
  evaluateEvery: 25,
  patience: 4,
  minGain: 0.001,
  patienceExamples: 0,
  mode: 'full',
  freeze: null,
}

interface Range {
  readonly min: number
  readonly max: number
  readonly whole?: boolean
  /** Null has a meaning. */
  readonly orNull?: boolean
}

const MAX_STEPS = 10_000_000

const RANGES: ReadonlyMap<string, Range> = new Map([
  ['learningRate', { min: 1e-8, max: 1 }],
  ['headRate', { min: 0, max: 10_000 }],
  ['weightDecay', { min: 0, max: 1 }],
  ['warmup', { min: 0, max: 1 }],
  ['batch', { min: 1, max: 4_096, whole: true }],
  ['accumulation', { min: 1, max: 4_096, whole: true }],
  ['steps', { min: 1, max: MAX_STEPS, whole: true }],
  ['epochs', { min: 0.001, max: 10_000, orNull: true }],
  ['maxSeconds', { min: 1, max: 10_000_000, orNull: true }],
  ['clipNorm', { min: 0, max: 1e6 }],
  ['maxTokens', { min: 4, max: 8_192, whole: true }],
  ['dropout', { min: 0, max: 0.9, orNull: true }],
  ['seed', { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }],
  ['validationFraction', { min: 0.01, max: 0.9 }],
  ['evaluateEvery', { min: 0, max: 10_000_000, whole: true }],
  ['patience', { min: 0, max: 1_000_000, whole: true }],
  ['minGain', { min: 0, max: 1 }],
  ['patienceExamples', { min: 0, max: 1e12, whole: true }],
  ['freeze', { min: 0, max: 1_000, whole: true, orNull: true }],
])
const CHOICES: ReadonlyMap<string, readonly (string | null)[]> = new Map<string, readonly (string | null)[]>([
  ['optimizer', ['adamw']],
  ['mode', ['full', 'frozen']],
  ['schedule', ['linear', 'constant', 'paper']],
  ['metric', [null, ...METRICS]],
])

/**
 * `partial` with the defaults for what it leaves out. Where epochs or a time say how long to train, steps are no limit unless given.
 *
 * @throws ColdmeshError `bad-input` for a value out of its range and for a name that no plan has
 */
export function completePlan(partial: Partial<TrainingPlan>): TrainingPlan {
  const given = Object.entries(partial).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) checkSetting(name, value)
  const hasOtherEnd = typeof partial.epochs === 'number' || typeof partial.maxSeconds === 'number'
  return { ...DEFAULT_PLAN, ...(hasOtherEnd && { steps: MAX_STEPS }), ...Object.fromEntries(given) }
}

/** Examples that a step sees, of `rows`. */
export function examplesAStep({ batch, accumulation }: Pick<TrainingPlan, 'batch' | 'accumulation'>, rows: number) {
  return Math.min(batch, rows) * accumulation
}

/** The plan with as many steps as its epochs over `rows` take. */
export function withEpochs(plan: TrainingPlan, rows: number): TrainingPlan {
  if (plan.epochs === null) return plan
  const steps = Math.ceil((plan.epochs * rows) / Math.max(1, examplesAStep(plan, rows)))
  return { ...plan, steps: Math.max(1, Math.min(plan.steps, steps)) }
}

function checkSetting(name: string, value: unknown): void {
  const range = RANGES.get(name)
  const choices = CHOICES.get(name)
  if (range !== undefined) {
    if (value !== null || range.orNull !== true) checkRange(name, value, range)
  } else if (name === 'positive') {
    checkText(name, value)
  } else if (choices !== undefined) {
    checkChoice(name, value, choices)
  } else {
    const names = Object.keys(DEFAULT_PLAN).join(', ')
    throw new ColdmeshError('bad-input', `A training plan has no \`${name}\``, { hint: `It has: ${names}.` })
  }
}

function checkRange(name: string, value: unknown, { min, max, whole = false }: Range): void {
  if (typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))) return
  throw new ColdmeshError('bad-input', `The training plan's \`${name}\` is ${String(value)}`, {
    facts: { name, min, max },
    hint: `Give a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`,
  })
}

function checkText(name: string, value: unknown): void {
  if (value === null || typeof value === 'string') return
  throw new ColdmeshError('bad-input', `The training plan's \`${name}\` is ${String(value)}`, {
    facts: { name },
    hint: 'Give a text, or null.',
  })
}

function checkChoice(name: string, value: unknown, choices: readonly (string | null)[]): void {
  if (choices.some((choice) => choice === value)) return
  throw new ColdmeshError('bad-input', `The training plan's \`${name}\` is ${String(value)}`, {
    facts: { name },
    hint: `Give one of: ${choices.map(String).join(', ')}.`,
  })
}
