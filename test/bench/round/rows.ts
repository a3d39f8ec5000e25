import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Daemon, DaemonEvent } from '../../support/e2e/daemon.ts'
import { createTestNetwork } from '../../support/e2e/network.ts'
import { peakOf } from '../measure.ts'
import type { Row, Setup } from '../report.ts'
import { writeLargeBase } from './large-base.ts'

const MEMBERS = 4
/** The first round of a daemon compiles what the later ones run. */
const ROUNDS = 3
/** In which the daemons find each other. */
const SETTLE_MS = 10_000
const MAX_SECONDS = 4
const DEADLINE_MS = 180_000
const PROGRAM = join(import.meta.dirname, 'perturb.mjs')

/** Whole rounds of four daemons with a model of 91 MB, all of which contribute at once: from the last announcement to the last certificate. */
export async function* rows({ scratch, say }: Setup): AsyncGenerator<Row> {
  const meeting = await mkdtemp(join(scratch, 'meet-'))
  const go = join(scratch, 'go')
  await using network = await createTestNetwork({
    members: MEMBERS,
    writeBase: writeLargeBase,
    round: {
      minContributions: MEMBERS,
      maxContributions: MEMBERS,
      collectMs: 1_000,
      graceMs: 0,
      viewTimeoutMs: 60_000,
    },
  })
  say(`${MEMBERS} daemons`)
  const daemons = await network.startAll(() => ({
    rounds: ROUNDS,
    env: { ROUND_BENCH_MEET: meeting, ROUND_BENCH_PEERS: String(MEMBERS), ROUND_BENCH_GO: go },
    args: ['--engine', `command:${process.execPath} ${PROGRAM}`, '--task', 'bench'],
  }))
  await pause(SETTLE_MS)
  await writeFile(go, '')
  const seconds: number[] = []
  const bases: number[] = []
  let cpu = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const announced = await Promise.all(daemons.map((daemon) => timeOf(daemon, 'announced', round)))
    const before = await Promise.all(daemons.map(cpuSecondsOf))
    const fused = await Promise.all(daemons.map((daemon) => timeOf(daemon, 'fused', round)))
    const after = await Promise.all(daemons.map(cpuSecondsOf))
    cpu = after.reduce((sum, spent, i) => sum + spent - (before[i] ?? 0), 0) / MEMBERS
    seconds.push((Math.max(...fused.map(({ at }) => at)) - Math.max(...announced.map(({ at }) => at))) / 1000)
    bases.push(new Set(fused.map(({ base }) => base)).size)
    say(`round ${round}: ${seconds.at(-1)?.toFixed(1)} s`)
  }
  const peaks = await Promise.all(daemons.map(peakBytesOf))
  const later = Math.max(...seconds.slice(1))
  yield {
    step: 'round',
    what: `${MEMBERS} daemons, from the last announcement to the certificate on all`,
    size: '91MB',
    yardstick: `at most ${MAX_SECONDS} s`,
    ratio: MAX_SECONDS / later,
    target: 1,
    gigabytesPerSecond: null,
    peakMegabytes: Math.max(...peaks) / 1e6,
    cpuSecondsPerGigabyte: null,
    note: `rounds 1 to ${ROUNDS}: ${seconds.map((each) => each.toFixed(1)).join(', ')} s, of which the slower of the later ones counts; ${bases.every((count) => count === 1) ? 'one base each' : `${bases.join(', ')} bases`}; ${cpu.toFixed(1)} CPU s a daemon in the last`,
  }
  await Promise.all(daemons.map((daemon) => daemon.stop()))
}

async function timeOf(daemon: Daemon, kind: string, round: number): Promise<{ at: number; base: unknown }> {
  const isIt = (event: DaemonEvent) => event.event === kind && event['round'] === round
  const { base } = await daemon.event(isIt, `${kind} in round ${round}`, DEADLINE_MS)
  return { at: performance.now(), base }
}

async function pidOf({ dataDir }: Daemon): Promise<number> {
  return Number(JSON.parse(await readFile(join(dataDir, 'lock.json'), 'utf8')).pid)
}

/** Of the process alone: the training program is another. */
async function cpuSecondsOf(daemon: Daemon): Promise<number> {
  const stat = await readFile(`/proc/${await pidOf(daemon)}/stat`, 'utf8')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return (user + system) / TICKS_PER_SECOND
}

const TICKS_PER_SECOND = 100

const peakBytesOf = async (daemon: Daemon): Promise<number> => peakOf(await pidOf(daemon))
