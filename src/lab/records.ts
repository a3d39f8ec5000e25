import { z } from 'zod'
import { EVALUATION_MODES } from '../evaluation/plans.ts'
import { METRICS } from '../training/scores.ts'

/** Correlations may be negative. */
const score = z.number().min(-1).max(1)
const contribution = z.strictObject({
  contributor: z.string(),
  task: z.string(),
  id: z.string(),
  checkpoint: z.string(),
  /** Null: it went into the base. */
  excluded: z.string().nullable(),
  rows: z.number(),
  steps: z.number(),
  seconds: z.number(),
  /** The task's metric on the contributor's validation rows, with the head of the round before, and after training. */
  metric: z.enum(METRICS),
  before: score.nullable(),
  after: score,
})

const round = z.strictObject({
  kind: z.literal('round'),
  run: z.number(),
  /** `rounds`, or the baseline that is a network too. */
  chain: z.enum(['rounds', 'one-shot']),
  round: z.number(),
  base: z.string(),
  view: z.number(),
  contributions: z.array(contribution),
})

const judged = z.strictObject({
  kind: z.literal('score'),
  run: z.number(),
  /** `rounds/<round>`, or a baseline's name. */
  of: z.string(),
  /** CID of the base, or the digest of a baseline's weights. */
  base: z.string(),
  task: z.string(),
  mode: z.enum(EVALUATION_MODES),
  seeds: z.array(z.number()),
  metric: z.enum(METRICS),
  values: z.array(score),
  majority: score,
  seconds: z.number(),
})

const verified = z.strictObject({
  kind: z.literal('verified'),
  run: z.number(),
  base: z.string(),
  level: z.enum(['signatures', 'full']),
  valid: z.boolean(),
  rounds: z.number(),
  failures: z.array(z.strictObject({ round: z.number(), link: z.string(), reason: z.string() })),
})

/** What a lab remembers of its work, so that it goes on where it stopped. */
export const recordShape = z.discriminatedUnion('kind', [round, judged, verified])

export type LabRecord = z.infer<typeof recordShape>
export type RoundRecord = z.infer<typeof round>
export type ScoreRecord = z.infer<typeof judged>
export type VerifiedRecord = z.infer<typeof verified>

/** Equal for records of the same piece of work. */
export function recordKey(record: LabRecord): string {
  switch (record.kind) {
    case 'round':
      return roundKey(record)
    case 'score':
      return scoreKey(record)
    case 'verified':
      return `verified/${record.run}`
  }
}

export function scoreKey({ run, of, task, mode }: Pick<ScoreRecord, 'run' | 'of' | 'task' | 'mode'>): string {
  return `score/${run}/${of}/${mode}/${task}`
}

export function roundKey({ run, chain, round }: Pick<RoundRecord, 'run' | 'chain' | 'round'>): string {
  return `round/${run}/${chain}/${round}`
}
