import { isAbsolute } from 'node:path'
import type {
  AmendmentStatus,
  EvaluationMode,
  EvidenceReport,
  ImportedArchive,
  JoinResult,
  LogEntry,
  PeerEvent,
  PeerStatus,
  ReportEntry,
  StartingStatus,
  VerifyReport,
  WrittenArchive,
} from 'coldmesh'
import { z } from 'zod'
import { TASK_TYPES } from '../dataset-options.ts'
import { METRIC_NAMES, RECIPE_NAMES } from '../plan-options.ts'

/** The library's. Named again: this file is loaded by every command, the library is not. */
const MODES = ['frozen', 'full', 'few-shot'] as const satisfies readonly EvaluationMode[]
const MAX_PATH = 4096
const MAX_LOG = 1000
const MAX_EVIDENCE_TEXT = 32 * 1024
const DEFAULT_LOG = 100

const text = z.string().min(1).max(200)
const absolutePath = z
  .string()
  .max(MAX_PATH)
  .refine((path) => isAbsolute(path) && !path.includes('\0'), 'must be an absolute path')
const count = z.coerce.number().int()

/** The text form of a CID: letters and digits only, so it is no path either. */
export const cidText = z.string().regex(/^[A-Za-z0-9]{40,128}$/, 'is not a CID')

/** A key, or a seed. */
const hexText = z.string().regex(/^[0-9a-f]{64}$/, 'is not 64 lower-case hex digits')
const MAX_KEYS = 256

// Requests

const MAX_INVITE_TEXT = 8192

export const inviteRequest = z.strictObject({ for: z.string().max(128), rounds: z.int().min(1).optional() })

export const joinRequest = z.strictObject({
  /** Its voucher is kept before anything else. */
  invite: z.string().max(MAX_INVITE_TEXT).optional(),
  data: absolutePath,
  text: text.optional(),
  label: text.optional(),
  pair: text.optional(),
  taskType: z.enum(TASK_TYPES).optional(),
  labelMap: z.record(z.string(), text).optional(),
  labelSeparator: z.string().min(1).max(16).optional(),
  skipUnlabelled: z.boolean().optional(),
  validation: absolutePath.optional(),
  task: text.optional(),
  license: text.optional(),
  rounds: z.int().min(1).optional(),
  recipe: z.enum(RECIPE_NAMES).optional(),
  plan: z
    .strictObject({
      maxSeconds: z.number().min(1),
      epochs: z.number().min(0.001),
      freeze: z.int().min(0),
      metric: z.enum(METRIC_NAMES),
      positive: text,
      learningRate: z.number().min(0),
      headRate: z.number().min(0),
      steps: z.int().min(1),
      batch: z.int().min(1),
      accumulation: z.int().min(1),
      maxTokens: z.int().min(1),
      evaluateEvery: z.int().min(0),
      patience: z.int().min(0),
      seed: z.int().min(0),
    })
    .partial()
    .optional(),
})
export type JoinRequest = z.infer<typeof joinRequest>

export const verifyRequest = z.strictObject({
  base: cidText,
  level: z.enum(['signatures', 'sample', 'full']).default('full'),
  trust: cidText.optional(),
  trustKeys: z.array(hexText).max(MAX_KEYS).optional(),
  leaves: z.int().min(1).max(1_000_000).optional(),
  sampleSeed: hexText.optional(),
  details: z.int().min(1).optional(),
  threads: z.int().min(1).max(256).optional(),
  /** Where a round that was checked is noted. */
  resume: absolutePath.optional(),
  fromDir: absolutePath.optional(),
})

/** A CAR file. */
export const importRequest = z.strictObject({ file: absolutePath })

export const reportRequest = z.strictObject({
  base: cidText,
  task: z.string().min(1).max(64),
  mode: z.enum(MODES),
  metric: z.enum(METRIC_NAMES).default('accuracy'),
  value: z.number().min(0).max(1),
  standardError: z.number().min(0).max(1),
  seeds: z.array(z.int().min(0)).min(1).max(32),
  rows: z.int().min(1),
  testRows: z.int().min(1),
  labels: z.int().min(0),
  plan: z.string().regex(/^[0-9a-f]{64}$/, 'is not a digest'),
  engine: z.string().min(1).max(64),
})
export const reportsQuery = z.strictObject({ base: cidText.optional() })

const keyText = z.string().regex(/^[0-9a-f]{64}$/i, 'is not a key')
const whole = z.int().min(0)
/** Whether it holds is for the peer to say. */
export const amendmentRequest = z.strictObject({
  add: z
    .array(z.strictObject({ name: z.string().min(1).max(64), key: keyText }))
    .max(64)
    .optional(),
  remove: z.array(keyText).max(64).optional(),
  quorum: z.enum(['byzantine', 'crash']).optional(),
  contributors: z.union([z.enum(['open', 'vouched']), z.array(keyText).max(128)]).optional(),
  round: z
    .strictObject({
      minContributions: whole.optional(),
      maxContributions: whole.optional(),
      collectMs: whole.optional(),
      graceMs: whole.optional(),
      viewTimeoutMs: whole.optional(),
      minBytesPerSecond: whole.optional(),
      maxViews: whole.optional(),
      keepRounds: whole.optional(),
      historyRounds: whole.optional(),
      maxStaleness: whole.optional(),
    })
    .optional(),
  gate: z
    .strictObject({ maxDrop: z.number().min(0).max(1) })
    .nullable()
    .optional(),
  fusion: z.strictObject({ rule: z.string().min(1).max(32), params: z.record(z.string(), whole) }).optional(),
  rollback: z.strictObject({ base: cidText }).optional(),
})
export const amendmentParams = z.strictObject({ id: cidText })

/** `evidence/1` in base64. */
export const evidenceRequest = z.strictObject({ bytes: z.base64().max(MAX_EVIDENCE_TEXT) })
export const exportRequest = z.strictObject({ cid: cidText, out: absolutePath })
export const archiveRequest = z.strictObject({
  base: cidText,
  file: absolutePath,
  contents: z.enum(['lineage', 'weights', 'everything']).optional(),
})
export const noFields = z.strictObject({})
export const logQuery = z.strictObject({
  base: cidText.optional(),
  limit: count.pipe(z.int().min(1).max(MAX_LOG)).default(DEFAULT_LOG),
})
export const roundParams = z.strictObject({ round: count.pipe(z.int().min(0)) })
export const baseParams = z.strictObject({ cid: cidText })
export const eventsQuery = z.strictObject({ join: z.string().max(64).optional() })
export const joinParams = z.strictObject({ id: z.string().max(64) })

// Answers, as the client reads them: our own daemon wrote them, so a few fields tell whether it is one.

export const statusAnswer = z.custom<DaemonStatus>(has('network', 'round', 'phase', 'base', 'running'))
export const startingAnswer = z.custom<StartingAnswer>(
  (value) => has('network', 'phase', 'waits', 'running')(value) && !has('base')(value),
)
export const roundsAnswer = z.object({ rounds: z.array(z.custom<LogEntry>(has('round', 'base', 'inputs'))) })
export const roundAnswer = z.object({ base: cidText, parent: cidText })
export const peersAnswer = z.object({
  peers: z.array(
    z.object({
      id: z.string(),
      addresses: z.array(z.string()),
      member: z.string().nullable(),
      score: z.number(),
      unanswered: z.number(),
    }),
  ),
})
export const verifyAnswer = z.custom<VerifyReport>(has('base', 'valid', 'rounds', 'failures'))
export const evidenceReport = z.custom<EvidenceReport>(has('id', 'proven', 'reason', 'messages'))
export const evidenceAnswer = z.object({
  evidence: z.array(z.object({ report: evidenceReport, bytes: z.base64() })),
})
export const exportAnswer = z.object({
  cid: z.string(),
  kind: z.enum(['base', 'checkpoint']),
  files: z.array(z.string()),
})
export const archiveAnswer = z.custom<WrittenArchive>(has('root', 'round', 'contents', 'blocks', 'files'))
export const importAnswer = z.object({
  roots: z.array(z.string()),
  blocks: z.number(),
  bytes: z.number(),
  archive: z.custom<ImportedArchive>(has('base', 'network', 'round', 'contents')).nullable(),
})
export const amendmentAnswer = z.custom<AmendmentStatus>(has('id', 'change', 'approvedBy', 'state'))
export const reportAnswer = z.custom<ReportEntry>(has('id', 'base', 'task', 'value'))
export const reportsAnswer = z.object({ reports: z.array(reportAnswer) })
export const inviteAnswer = z.object({
  invite: z.string(),
  network: z.string(),
  contributor: z.string(),
  from: z.number(),
  until: z.number(),
})
export const joinAnswer = z.object({ join: z.string() })
export const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }),
})
export const peerEvent = z.custom<PeerEvent>(has('type'))
export const joinResult = z.custom<JoinResult>(has('base', 'rounds'))

export interface DaemonStatus extends PeerStatus {
  readonly running: true
  readonly invite: string
}

/** Of a daemon that has not found its network yet. */
export interface StartingAnswer extends StartingStatus {
  readonly running: true
}

function has(...keys: readonly string[]): (value: unknown) => boolean {
  return (value) => typeof value === 'object' && value !== null && keys.every((key) => Object.hasOwn(value, key))
}
