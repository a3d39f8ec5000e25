import { ENGINE_CHOICES, EVALUATION_MODES, LAB_BASELINES, METRICS } from 'coldmesh'
import { z } from 'zod'

const MAX_ROUNDS = 1_000
const MAX_SEED = 2 ** 31 - 1
/** Names go into contributions and paths. */
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'takes 1 to 40 small letters, digits, dots, hyphens')
const count = (max = 1_000_000) => z.int().min(1).max(max)

/** What a training plan may say; the library checks the ranges. */
const training = z.strictObject({
  learningRate: z.number().optional(),
  headRate: z.number().optional(),
  weightDecay: z.number().optional(),
  warmup: z.number().optional(),
  batch: z.number().optional(),
  accumulation: z.number().optional(),
  steps: z.number().optional(),
  clipNorm: z.number().optional(),
  maxTokens: z.number().optional(),
  dropout: z.number().nullable().optional(),
  evaluateEvery: z.number().optional(),
  patience: z.number().optional(),
  minGain: z.number().optional(),
  patienceExamples: z.number().optional(),
  schedule: z.enum(['linear', 'constant', 'paper']).optional(),
  epochs: z.number().optional(),
  freeze: z.number().nullable().optional(),
  metric: z.enum(METRICS).optional(),
  positive: z.string().optional(),
})

const share = {
  shards: count(64).default(1),
  rows: count().optional(),
  from: count(MAX_ROUNDS).default(1),
  until: count(MAX_ROUNDS).optional(),
}
const shipped = z.strictObject({ task: name, ...share })
const ownFiles = z.strictObject({
  name,
  train: z.string(),
  test: z.string(),
  validation: z.string().optional(),
  text: z.string().default('text'),
  pair: z.string().optional(),
  label: z.string().default('label'),
  ...share,
})
const task = z.union([name.transform((text) => shipped.parse({ task: text })), shipped, ownFiles], {
  error: 'takes the name of a shipped task, { "task": NAME, ... }, or { "name", "train", "test", ... }',
})

const evaluation = z.strictObject({
  rounds: z.union([z.enum(['all', 'ends']), z.array(z.int().min(0).max(MAX_ROUNDS)).min(1)]).default('all'),
  tasks: z.array(name).min(1).optional(),
  trainRows: count().default(2_000),
  testRows: count().default(1_000),
  repeats: count(100).default(1),
  plan: training.default({}),
})

/** PLAN.json. Every field but the tasks may be left out. */
export const planShape = z.strictObject({
  name: name.optional(),
  base: z.string().optional(),
  tasks: z.strictObject({ seen: z.array(task).min(1), unseen: z.array(task).default([]) }),
  contributors: z
    .strictObject({
      perRound: z.union([z.literal('all'), count(64)]).default('all'),
      rows: count().optional(),
      freshRows: z.boolean().default(false),
      validationRows: count().default(100),
    })
    .prefault({}),
  rounds: count(MAX_ROUNDS).default(3),
  seeds: z.array(z.int().min(0).max(MAX_SEED)).min(1).max(100).default([1]),
  committee: count(64).default(4),
  rule: z.string().default('mean/1'),
  /** Empty: they stand in `rule`. */
  params: z.strictObject({}).default({}),
  training: training.default({}),
  evaluation: z.partialRecord(z.enum(EVALUATION_MODES), evaluation).default({}),
  baselines: z.array(z.enum(LAB_BASELINES)).default([]),
  parallel: count(256).optional(),
  threads: count(256).default(1),
  engine: z.enum(ENGINE_CHOICES).default('auto'),
  keep: z.enum(['all', 'bases']).default('all'),
  out: z.string().optional(),
})

export type PlanFile = z.infer<typeof planShape>
export type PlanTask = z.infer<typeof task>
