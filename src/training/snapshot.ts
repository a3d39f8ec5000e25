import { createHash } from 'node:crypto'
import type { Scores, Weights } from '../ports/trainer.ts'
import type { LabelledRow, LearnerState } from './learner.ts'

/** Where a training is between two steps. */
export interface FitState {
  readonly step: number
  /** Of the whole training, where its time had fixed them. */
  readonly steps: number | null
  /** Milliseconds spent until then. */
  readonly spentMs: number
  readonly loss: number
  /** The scores of all evaluations so far. */
  readonly observed: readonly Scores[]
  readonly learner: LearnerState
}

const MAGIC = 'cmtrain1'
const HEADER_AT = MAGIC.length + 4

interface Header {
  readonly fingerprint: string
  readonly step: number
  readonly steps: number | null
  readonly spentMs: number
  readonly loss: number
  readonly observed: readonly Scores[]
  readonly parts: readonly (readonly [name: string, bytes: number])[]
}

/** Magic, length of the header (u32, little-endian), header as JSON, then the parts that it names. */
export function encodeSnapshot(fingerprint: string, { learner, ...where }: FitState): Uint8Array<ArrayBuffer> {
  const parts = Object.entries(learner)
  const header: Header = { fingerprint, ...where, parts: parts.map(([name, { length }]) => [name, length]) }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const total = parts.reduce((sum, [, { length }]) => sum + length, HEADER_AT + text.length)
  const bytes = new Uint8Array(total)
  bytes.set(new TextEncoder().encode(MAGIC))
  new DataView(bytes.buffer).setUint32(MAGIC.length, text.length, true)
  bytes.set(text, HEADER_AT)
  let at = HEADER_AT + text.length
  for (const [, part] of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Null when it is of another training, or no snapshot. */
export function decodeSnapshot(bytes: Uint8Array, fingerprint: string): FitState | null {
  try {
    if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) return null
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(MAGIC.length, true)
    const header = readHeader(JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_AT, HEADER_AT + length))))
    if (header?.fingerprint !== fingerprint) return null
    const learner: Record<string, Uint8Array> = {}
    let at = HEADER_AT + length
    for (const [name, size] of header.parts) {
      learner[name] = bytes.slice(at, at + size)
      at += size
    }
    const { step, steps, spentMs, loss, observed } = header
    return at === bytes.length ? { step, steps, spentMs, loss, observed, learner } : null
  } catch {
    return null
  }
}

function readHeader(value: unknown): Header | null {
  if (typeof value !== 'object' || value === null) return null
  const {
    fingerprint,
    step,
    steps = null,
    spentMs,
    loss,
    observed,
    parts,
  }: Partial<Record<keyof Header, unknown>> = value
  if (typeof fingerprint !== 'string' || !isCount(step) || !isNumber(spentMs) || !isNumber(loss)) return null
  if (steps !== null && !isCount(steps)) return null
  if (!Array.isArray(observed) || !observed.every(areScores) || !Array.isArray(parts) || !parts.every(isPart))
    return null
  return { fingerprint, step, steps, spentMs, loss, observed, parts }
}

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function areScores(value: unknown): value is Scores {
  return typeof value === 'object' && value !== null && Object.values(value).every(isNumber)
}

function isPart(value: unknown): value is readonly [string, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isCount(value[1])
}

/** Tells trainings apart that could not go on from each other's snapshots. */
export function fingerprintOf(training: {
  /** Engine, plan, config: anything that JSON holds. */
  readonly facts: unknown
  readonly rows: Iterable<LabelledRow>
  readonly weights: readonly Weights[]
}): string {
  const hash = createHash('sha256').update(JSON.stringify(training.facts))
  for (const { ids, types, label, task = null } of training.rows) {
    hash.update(JSON.stringify([task, label, ids.length, types !== undefined]))
    hash.update(Int32Array.from(ids)).update(Uint8Array.from(types ?? []))
  }
  for (const { name, data } of training.weights) {
    hash.update(`\n${name}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}
