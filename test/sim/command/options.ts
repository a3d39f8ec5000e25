import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { NAMED_LIARS } from '../liars/all.ts'
import { MUTANTS, type Mutant, mutantNamed } from '../mutants/all.ts'
import { PROFILES, type ScheduleOptions } from '../schedule/settings.ts'

/** What may be fixed on the command line, in words: it travels to workers and into files. */
export interface Fixed {
  readonly members?: number
  readonly quorum?: 'byzantine' | 'crash'
  readonly profile?: string
  readonly rounds?: number
  readonly liar?: string
  readonly liars?: number
  readonly mutant?: string
  /** Some amendments are rollbacks, in every schedule. */
  readonly rollsBack?: boolean
}

export interface CommandOptions {
  readonly schedules: number
  readonly from: number
  readonly fixed: Fixed
  readonly workers: number
  /** After so long it ends, and says where to go on. */
  readonly minutes: number | null
  readonly isTraced: boolean
  readonly isJson: boolean
}

/** A mistake on the command line, in one sentence. */
export class UsageError extends Error {}

const DEFAULT_SCHEDULES = 1000
const DEFAULT_SCHEDULES_FOR_A_MUTANT = 10_000

export const USAGE = `npm run sim -- [options]

  --schedules N     how many (${DEFAULT_SCHEDULES}; with --mutant at most ${DEFAULT_SCHEDULES_FOR_A_MUTANT}, ending at the first that finds it)
  --from SEED       the first seed (1); each schedule has the next
  --seed SEED       one schedule
  --trace           prints what happens in it
  --members N       size of the committee; also --quorum byzantine|crash, --rounds N,
                    --profile ${PROFILES.join('|')}, --liar NAME|none, --liars N
  --rollbacks       amendments on the way, and some of them roll back
  --mutant NAME     runs a machine with a planted bug
  --workers N       threads (one for each core)
  --minutes N       ends after so long, and says where to go on
  --json            the result as JSON

liars: ${NAMED_LIARS.map(({ name }) => name).join(', ')}
mutants: ${MUTANTS.map(({ name }) => name).join(', ')}`

const OPTIONS = {
  schedules: { type: 'string' },
  from: { type: 'string' },
  seed: { type: 'string' },
  members: { type: 'string' },
  quorum: { type: 'string' },
  profile: { type: 'string' },
  rounds: { type: 'string' },
  liar: { type: 'string' },
  liars: { type: 'string' },
  mutant: { type: 'string' },
  rollbacks: { type: 'boolean' },
  workers: { type: 'string' },
  minutes: { type: 'string' },
  trace: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** Null when help is asked for. @throws UsageError */
export function readOptions(args: readonly string[]): CommandOptions | null {
  const values = parse(args)
  if (values.help) return null
  const count = (name: 'schedules' | 'from' | 'seed' | 'members' | 'rounds' | 'liars' | 'workers' | 'minutes') => {
    const text = values[name]
    if (text === undefined) return undefined
    if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} must be a number, not ${text}`)
    return Number(text)
  }
  const seed = count('seed')
  const fixed: Fixed = withoutUndefined({
    members: count('members'),
    quorum: values.quorum === 'crash' || values.quorum === 'byzantine' ? values.quorum : undefined,
    profile: values.profile,
    rounds: count('rounds'),
    liar: values.liar,
    liars: count('liars'),
    mutant: values.mutant,
    rollsBack: values.rollbacks,
  })
  if (values.quorum !== undefined && fixed.quorum === undefined)
    throw new UsageError('--quorum must be byzantine or crash')
  scheduleOptionsOf(fixed)
  const usual = fixed.mutant === undefined ? DEFAULT_SCHEDULES : DEFAULT_SCHEDULES_FOR_A_MUTANT
  return {
    schedules: seed === undefined ? (count('schedules') ?? usual) : 1,
    from: seed ?? count('from') ?? 1,
    fixed,
    workers: Math.max(1, count('workers') ?? availableParallelism()),
    minutes: count('minutes') ?? null,
    isTraced: values.trace === true,
    isJson: values.json === true,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function withoutUndefined(fixed: { readonly [K in keyof Fixed]: Fixed[K] | undefined }): Fixed {
  return Object.fromEntries(Object.entries(fixed).filter(([, value]) => value !== undefined))
}

/** What the words stand for. @throws UsageError for a name that nothing has */
export function scheduleOptionsOf({ liar, mutant, profile, ...rest }: Fixed): ScheduleOptions {
  const found = (name: string): Mutant => {
    const known = mutantNamed(name)
    if (!known) throw new UsageError(`no mutant is called ${name}`)
    return known
  }
  const lying = liar === undefined || liar === 'none' ? null : NAMED_LIARS.find(({ name }) => name === liar)
  if (lying === undefined) throw new UsageError(`no liar is called ${liar}`)
  const kind = PROFILES.find((one) => one === profile)
  if (profile !== undefined && !kind) throw new UsageError(`no profile is called ${profile}`)
  return {
    ...rest,
    ...(kind ? { profile: kind } : {}),
    ...(liar === undefined ? {} : { liar: lying }),
    ...(mutant === undefined ? {} : { machine: found(mutant).machine }),
  }
}
