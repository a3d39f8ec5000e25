import type { Metric, RecipeName } from 'coldmesh'
import type { OptionSpec } from './option-spec.ts'

/** The library's. Named again, since loading the library would slow every command down: the compiler compares. */
export const RECIPE_NAMES = ['auto', 'small', 'standard', 'paper'] as const satisfies readonly RecipeName[]
export const METRIC_NAMES = [
  'accuracy',
  'macro-f1',
  'f1',
  'matthews',
  'micro-f1',
  'exact-match',
  'pearson-spearman',
  'pearson',
  'spearman',
] as const satisfies readonly Metric[]

/** How to train. */
export const PLAN_OPTIONS = {
  recipe: {
    kind: 'text',
    value: 'NAME',
    choices: RECIPE_NAMES,
    default: 'auto',
    help: 'chooses what the other options leave open: auto by data, model and memory; small and standard encoders; paper (5e-5, 256 examples a step, stops after 256 thousand without a gain)',
  },
  time: { kind: 'seconds', value: 'TIME', min: 1, help: 'train for this long at most, for example 30m' },
  epochs: { kind: 'number', value: 'N', min: 0.001, help: 'passes over the rows at most' },
  freeze: { kind: 'count', value: 'N', min: 0, help: 'keep the embeddings and the first N layers as they are' },
  metric: {
    kind: 'text',
    value: 'NAME',
    choices: METRIC_NAMES,
    help: "the score that chooses and is compared (default: the task type's: accuracy, micro-f1, pearson-spearman)",
  },
  positive: { kind: 'text', value: 'LABEL', help: 'the label that the metric f1 is about' },
  learningRate: { kind: 'number', value: 'RATE', min: 0, help: 'peak learning rate' },
  headRate: { kind: 'number', value: 'FACTOR', min: 0, help: 'the head learns this many times faster' },
  steps: { kind: 'count', value: 'N', min: 1, help: 'optimizer steps at most' },
  batch: { kind: 'count', value: 'N', min: 1, help: 'examples in a batch' },
  accumulation: { kind: 'count', value: 'N', min: 1, help: 'batches averaged before a step' },
  maxTokens: { kind: 'count', value: 'N', min: 1, help: 'longest input in tokens' },
  evaluateEvery: { kind: 'count', value: 'N', min: 0, help: 'steps between evaluations (0: at the end only)' },
  patience: { kind: 'count', value: 'N', min: 0, help: 'evaluations without a gain before stopping (0: never)' },
  seed: { kind: 'count', value: 'N', min: 0, help: 'seed of shuffling and dropout; eval: the first one' },
} as const satisfies Record<string, OptionSpec>
