import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { openJournal } from '../../adapters/files/journal.ts'
import { decodeJournal } from '../../adapters/files/journal-format.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { VerifiedRound, VerifyLevel } from '../verify-types.ts'
import type { BadLink } from './bad-link.ts'
import type { CoveredRound } from './covered.ts'

/** Rounds that are written at once where each is quick to check. */
const BATCH = 64

/** Which verification a file is of. */
export interface Verification {
  readonly by: string
  readonly network: string
  readonly base: string
  readonly level: VerifyLevel
  /** At level `sample`; `seed` null: whatever the file has, or `newSeed`. */
  readonly sample: { readonly seed: string | null; readonly leaves: number } | null
}

/** What is remembered of a round. Round 0: what is wrong with the genesis' base. */
export interface FinishedRound extends CoveredRound {
  readonly bad: readonly BadLink[]
  readonly report: VerifiedRound | null
}

export interface Progress extends AsyncDisposable {
  /** By round. */
  readonly finished: ReadonlyMap<number, FinishedRound>
  /** That of the file: what a sample is drawn by. */
  readonly seed: string | null
  /** What is added at level `full` or `sample` is durable when it resolves, at `signatures` soon after. */
  add(round: FinishedRound): Promise<void>
}

const KIND = 'coldmesh-verification/1'
const headShape = z.object({
  ...{ kind: z.literal(KIND), by: z.string(), network: z.string(), base: z.string(), level: z.string() },
  sample: z.object({ seed: z.string().regex(/^[0-9a-f]{64}$/), leaves: z.number() }).nullable(),
})
const reportShape = z.object({
  ...{ round: z.number(), base: z.string(), certified: z.boolean(), inputs: z.number() },
  fusion: z.enum(['reproduced', 'sampled', 'unavailable', 'differs']).nullable(),
  details: z.custom<VerifiedRound['details']>((value) => value === null || typeof value === 'object'),
})
const roundShape = z.object({
  ...{ round: z.number(), base: z.string(), certificate: z.string().nullable(), holds: z.boolean() },
  bad: z.array(z.object({ link: z.string(), reason: z.string() })),
  report: reportShape.nullable(),
})
type Head = z.infer<typeof headShape>

/**
 * Opens or begins a file of finished rounds. A last record that a crash left half written is dropped; readable by its owner alone.
 * @param newSeed of a file that begins
 * @throws ColdmeshError `bad-input` when it is of another verification, damaged, or something else altogether; `refused` when the disk refuses
 */
export async function openProgress(path: string, verification: Verification, newSeed: string): Promise<Progress> {
  const [first, ...rest] = await readRecords(path)
  const found = first === undefined ? null : readHead(first, path)
  if (found !== null) requireSame(path, found, verification)
  const finished = new Map(rest.map((record) => readRound(record, path)).map((round) => [round.round, round]))
  const journal = await openJournal(path, { take: () => {} })
  const waiting: Uint8Array[] = []
  const flush = () => journal.append(...waiting.splice(0))
  const { by, network, base, level, sample } = verification
  const drawn = found === null ? sample && { seed: sample.seed ?? newSeed, leaves: sample.leaves } : found.sample
  if (found === null) {
    await journal.append(encode({ kind: KIND, by, network, base, level, sample: drawn } satisfies Head))
  }
  return {
    finished,
    seed: drawn?.seed ?? null,
    add: async (round) => {
      waiting.push(encode(round))
      if (level !== 'signatures' || waiting.length >= BATCH) await flush()
    },
    [Symbol.asyncDispose]: async () => {
      try {
        if (waiting.length > 0) await flush()
      } finally {
        await journal.close()
      }
    },
  }
}

/** Looks before anything is written: the path may be anybody's file. */
async function readRecords(path: string): Promise<readonly Uint8Array[]> {
  try {
    return decodeJournal(await readFile(path), path).records
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    if (isColdmeshError(error)) throw notOurs(path, 'it is damaged, or no such file', error)
    throw diskError(error, 'read', path)
  }
}

function readHead(record: Uint8Array, path: string): Head {
  const head = headShape.safeParse(parse(record))
  if (!head.success) throw notOurs(path, 'it is another file')
  return head.data
}

function readRound(record: Uint8Array, path: string): FinishedRound {
  const round = roundShape.safeParse(parse(record))
  if (!round.success) throw notOurs(path, 'a round in it is not as coldmesh writes it')
  return round.data
}

function requireSame(path: string, found: Head, asked: Verification): void {
  const others = [
    [found.network !== asked.network, `network ${found.network}`],
    [found.base !== asked.base, `base ${found.base}`],
    [found.level !== asked.level, `level ${found.level}`],
    [found.sample?.leaves !== asked.sample?.leaves, `${found.sample?.leaves} leaves`],
    [asked.sample?.seed != null && found.sample?.seed !== asked.sample.seed, `seed ${found.sample?.seed}`],
    [found.by !== asked.by, found.by],
  ] as const
  const other = others.find(([isOther]) => isOther)
  if (other !== undefined) throw notOurs(path, `it is of another verification: ${other[1]}`)
}

function notOurs(path: string, why: string, cause?: unknown): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} can't be gone on with: ${why}.`, {
    facts: { path },
    hint: 'ask for what it is of, name a file that is not there yet, or delete it',
    cause,
  })
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function parse(record: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(record))
  } catch {
    return null
  }
}
