import type { OptionName } from './options.ts'

// Options that several commands take.

export const COMMON = ['dir', 'json', 'options'] as const satisfies readonly OptionName[]
export const PLAN = [
  'recipe',
  'time',
  'epochs',
  'freeze',
  'metric',
  'positive',
  'learningRate',
  'headRate',
  'steps',
  'batch',
  'accumulation',
  'maxTokens',
  'evaluateEvery',
  'patience',
  'seed',
] as const satisfies readonly OptionName[]
/** Of a plan that is fixed to its last step. */
export const BUDGET = [
  'freeze',
  'metric',
  'positive',
  'learningRate',
  'headRate',
  'steps',
  'batch',
  'accumulation',
  'maxTokens',
] as const satisfies readonly OptionName[]
export const MESH = [
  'listen',
  'announce',
  'peer',
  'noMdns',
  'noDht',
  'joinTimeout',
  'checkStore',
  'keepRounds',
  'diskBudget',
  'gateway',
  'maxUpload',
  'ipfs',
  'delta',
] as const satisfies readonly OptionName[]
export const DATASET = [
  'text',
  'pair',
  'label',
  'taskType',
  'labelMap',
  'labelSeparator',
  'skipUnlabelled',
  'validation',
] as const satisfies readonly OptionName[]
