import { runSchedule } from '../schedule/run-schedule.ts'
import { type CommandOptions, type Fixed, readOptions, scheduleOptionsOf, USAGE, UsageError } from './options.ts'
import { runMany } from './pool.ts'
import type { FoundViolation, Tally } from './tally.ts'

const PROGRESS_MS = 2000

/** 0 when every property held (or a mutant was found), 1 when one did not, 2 for a mistake on the command line. */
async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2))
    if (!options) console.log(USAGE)
    else return options.isTraced ? traceOne(options) : await runAll(options)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${USAGE}`)
    return 2
  }
}

function traceOne({ from, fixed }: CommandOptions): number {
  const { simulation, violations, settings } = runSchedule(from, { ...scheduleOptionsOf(fixed), isTraced: true })
  const { liars, ...rest } = settings
  for (const line of simulation.trace.lines) console.log(line)
  console.log(`\n${JSON.stringify({ ...rest, liars: Object.keys(liars) })}`)
  console.log(simulation.describe())
  for (const { property, what } of violations) console.log(`${property}: ${what}`)
  return violations.length > 0 ? 1 : 0
}

async function runAll(options: CommandOptions): Promise<number> {
  const { schedules, from, fixed, isJson } = options
  const startMs = performance.now()
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const timer = setTimeout(() => stopping.abort(), (options.minutes ?? 0) * 60_000)
  if (options.minutes === null) clearTimeout(timer)
  let shownMs = 0
  const { tally, doneBelow } = await runMany(
    options,
    (sum, below) => {
      const now = performance.now()
      if (isJson || now - shownMs < PROGRESS_MS) return
      shownMs = now
      console.error(progress(sum, schedules, below, now - startMs))
    },
    stopping.signal,
  )
  clearTimeout(timer)
  const seconds = Math.round((performance.now() - startMs) / 1000)
  if (isJson) console.log(JSON.stringify({ from, doneBelow, seconds, fixed, ...tally }))
  else report(tally, fixed, seconds, stopping.signal.aborted ? doneBelow : null)
  const isFound = tally.found.length > 0
  return isFound === (fixed.mutant !== undefined) ? 0 : 1
}

function progress({ schedules, found }: Tally, all: number, below: number, elapsedMs: number): string {
  const rate = schedules / (elapsedMs / 1000)
  const leftMinutes = (all - schedules) / rate / 60
  const failed = found.length > 0 ? `, ${found.length} FAILED` : ''
  return `${schedules}/${all} schedules, ${rate.toFixed(1)}/s, ${leftMinutes.toFixed(1)} min left, done below seed ${below}${failed}`
}

function report(tally: Tally, fixed: Fixed, seconds: number, stoppedBelow: number | null): void {
  const { schedules, rounds, virtualMs, by, found } = tally
  const hours = (virtualMs / 3_600_000).toFixed(1)
  console.log(`${schedules} schedules, ${rounds} rounds, ${hours} hours of virtual time in ${seconds} s`)
  for (const [axis, counts] of Object.entries(by)) {
    const parts = Object.entries(counts).map(([key, count]) => `${key} ${count}`)
    console.log(`  ${axis}: ${parts.join(', ')}`)
  }
  if (stoppedBelow !== null) console.log(`stopped; go on with --from ${stoppedBelow}`)
  if (found.length === 0) console.log('no property failed')
  for (const one of found.slice(0, 10)) console.log(describe(one, fixed))
}

function describe({ seed, violations, about }: FoundViolation, fixed: Fixed): string {
  const { rollsBack, ...others } = fixed
  const options = [
    ...(rollsBack ? [' --rollbacks'] : []),
    ...Object.entries(others).map(([name, value]) => ` --${name} ${value}`),
  ]
  const lines = violations.slice(0, 5).map((line) => `  ${line}`)
  return [`seed ${seed} (${about})`, ...lines, `  npm run sim -- --seed ${seed}${options.join('')} --trace`].join('\n')
}

process.exitCode = await main()
