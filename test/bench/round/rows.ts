import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Daemon, DaemonEvent } from '../../support/e2e/daemon.ts'
import { createTestNetwork } from '../../support/e2e/network.ts'
import { cpuSecondsOf, forgetPeak, peakOf } from '../measure.ts'
import type { Row, Setup } from '../report.ts'
import { writeLargeBase } from './large-base.ts'

const MEMBERS = 4
/** The first round of a daemon compiles what the later ones run. */
const ROUNDS = 3
/** In which the daemons find each other. */
const SETTLE_MS = 10_000
const MAX_SECONDS = 4
const DEADLINE_MS = 180_000
/** A file system in memory. */
const MEMORY = '/dev/shm'
const PROGRAM = join(import.meta.dirname, 'perturb.mjs')

/**
 * Whole rounds of four daemons with a model of 91 MB, all of which contribute at once: from the last announcement to the last certificate. Members
 * of a network have disks of their own: their directories lie in memory, then all on this machine's one disk.
 */
export async function* rows(setup: Setup): AsyncGenerator<Row> {
  const isInMemory = existsSync(MEMORY)
  if (!isInMemory) setup.say(`NOT MEASURED in memory: there is no ${MEMORY}`)
  else yield rowOf('directories in memory', await runRounds(setup, MEMORY))
  yield rowOf('one disk under all four', await runRounds(setup, setup.scratch))
}

function rowOf(where: string, { seconds, bases, cpuSeconds, peakBytes }: Rounds): Row {
  const shown = seconds.map((each) => each.toFixed(1)).join(', ')
  const agreed = bases.every((count) => count === 1) ? 'one base each' : `${bases.join(', ')} bases`
  return {
    step: 'round',
    what: `${MEMBERS} daemons, from the last announcement to the certificate on all; ${where}`,
    size: '91MB',
    yardstick: `at most ${MAX_SECONDS} s`,
    ratio: MAX_SECONDS / Math.max(...seconds.slice(1)),
    target: 1,
    gigabytesPerSecond: null,
    peakMegabytes: peakBytes / 1e6,
    cpuSecondsPerGigabyte: null,
    note: `rounds 1 to ${ROUNDS}: ${shown} s, of which the slower of the later ones counts; ${agreed}; in the last ${cpuSeconds.toFixed(1)} CPU s a daemon; the peak is of rounds without the training before them`,
  }
}

interface Rounds {
  readonly seconds: readonly number[]
  /** Different ones in each round. */
  readonly bases: readonly number[]
  /** Of a daemon, in the last round. */
  readonly cpuSeconds: number
  /** Of the daemon that took most, from an announcement to a certificate. */
  readonly peakBytes: number
}

async function runRounds({ say }: Pick<Setup, 'say'>, parent: string): Promise<Rounds> {
  await using network = await createTestNetwork({
    parent,
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
  const meeting = await mkdtemp(join(network.dir, 'meet-'))
  const go = join(network.dir, 'go')
  say(`${MEMBERS} daemons in ${parent}`)
  const daemons = await network.startAll(() => ({
    rounds: ROUNDS,
    env: { ROUND_BENCH_MEET: meeting, ROUND_BENCH_PEERS: String(MEMBERS), ROUND_BENCH_GO: go },
    args: ['--engine', `command:${process.execPath} ${PROGRAM}`, '--task', 'bench'],
  }))
  const pids = await Promise.all(daemons.map(pidOf))
  await pause(SETTLE_MS)
  await writeFile(go, '')
  const seconds: number[] = []
  const bases: number[] = []
  let [cpuSeconds, peakBytes] = [0, 0]
  for (let round = 1; round <= ROUNDS; round++) {
    const announced = await Promise.all(daemons.map((daemon) => timeOf(daemon, 'announced', round)))
    const before = pids.map(cpuSecondsOf)
    pids.forEach(forgetPeak)
    // Each at its own end: who is done reads the next base to train from.
    const fused = await Promise.all(
      daemons.map(async (daemon, i) => {
        const seen = await timeOf(daemon, 'fused', round)
        return { ...seen, peakBytes: peakOf(pids[i] ?? 0) }
      }),
    )
    cpuSeconds = pids.reduce((sum, pid, i) => sum + cpuSecondsOf(pid) - (before[i] ?? 0), 0) / MEMBERS
    peakBytes = Math.max(peakBytes, ...fused.map((each) => each.peakBytes))
    seconds.push((Math.max(...fused.map(({ at }) => at)) - Math.max(...announced.map(({ at }) => at))) / 1000)
    bases.push(new Set(fused.map(({ base }) => base)).size)
    say(`round ${round}: ${seconds.at(-1)?.toFixed(1)} s`)
  }
  await Promise.all(daemons.map((daemon) => daemon.stop()))
  return { seconds, bases, cpuSeconds, peakBytes }
}

async function timeOf(daemon: Daemon, kind: string, round: number): Promise<{ at: number; base: unknown }> {
  const isIt = (event: DaemonEvent) => event.event === kind && event['round'] === round
  const { base } = await daemon.event(isIt, `${kind} in round ${round}`, DEADLINE_MS)
  return { at: performance.now(), base }
}

async function pidOf({ dataDir }: Daemon): Promise<number> {
  return Number(JSON.parse(await readFile(join(dataDir, 'lock.json'), 'utf8')).pid)
}
