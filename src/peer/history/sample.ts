import { randomBytes } from 'node:crypto'
import { fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { hashParts } from '../../../protocols/wire/crypto.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { SampleReport, VerifyLevel, VerifyOptions } from '../verify-types.ts'

/** Leaves of each round that are drawn where nobody says how many. */
export const DEFAULT_SAMPLE_LEAVES = 16
/** Of a seed. */
const SEED_BYTES = 32
const MAX_LEAVES = 1_000_000
/** Fractions of wrong leaves that a report tells the chances for. */
const FRACTIONS = [0.01, 0.1]

/** What decides which leaves are fused again. */
export interface SamplePlan {
  /** 32 bytes: drawn after the base was made, or its maker knew where nobody looks. */
  readonly seed: Uint8Array
  /** How many are drawn of each round; one may be drawn twice. */
  readonly leaves: number
}

/**
 * The leaves of a round that are fused again, each once, ascending (protocols/archive, Sample).
 * @param of.leaves of the round's weights
 */
export function drawLeaves(
  { seed, leaves }: SamplePlan,
  of: { readonly round: number; readonly leaves: number },
): readonly number[] {
  const drawn = new Set<number>()
  for (let j = 0; j < leaves; j++) {
    const digest = hashParts('coldmesh/sample/1', seed, of.round, j)
    const number = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
    drawn.add(Number(number % BigInt(of.leaves)))
  }
  return [...drawn].sort((a, b) => a - b)
}

/** How probable it is that a round is caught whose weights are wrong in this fraction of their leaves. */
export function caughtProbability({ leaves }: Pick<SamplePlan, 'leaves'>, fraction: number): number {
  return 1 - (1 - fraction) ** leaves
}

export function randomSeed(): Uint8Array {
  return Uint8Array.from(randomBytes(SEED_BYTES))
}

/** Null at another level. @throws ColdmeshError `bad-input` */
export function readSampleOptions(
  level: VerifyLevel,
  { leaves = DEFAULT_SAMPLE_LEAVES, sampleSeed }: Pick<VerifyOptions, 'leaves' | 'sampleSeed'>,
): { readonly seed: Uint8Array | null; readonly leaves: number } | null {
  if (level !== 'sample') return null
  if (!Number.isSafeInteger(leaves) || leaves < 1 || leaves > MAX_LEAVES) {
    throw new ColdmeshError('bad-input', `A sample has from 1 to ${MAX_LEAVES} leaves of each round, not ${leaves}.`)
  }
  const seed = sampleSeed === undefined ? null : fromHex(sampleSeed)
  if (sampleSeed === undefined || seed?.length === SEED_BYTES) return { seed, leaves }
  throw new ColdmeshError('bad-input', `${JSON.stringify(sampleSeed)} is not the seed of a sample.`, {
    hint: 'a seed has 64 hex digits: that of an earlier report draws the same leaves again',
  })
}

export function reportSample(plan: SamplePlan): SampleReport {
  const caught = FRACTIONS.map((fraction) => ({ fraction, probability: caughtProbability(plan, fraction) }))
  return { seed: toHex(plan.seed), leaves: plan.leaves, caught }
}
