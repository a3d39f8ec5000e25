import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Daemon } from '../../support/e2e/daemon.ts'
import { createTestNetwork } from '../../support/e2e/network.ts'
import { peakOf } from '../measure.ts'
import type { Row, Setup } from '../report.ts'
import { writeLargeBase } from './large-base.ts'

const MEMBERS = 4
const MAX_SECONDS = 4
const DEADLINE_MS = 180_000
const PROGRAM = join(import.meta.dirname, 'perturb.mjs')

/** One whole round of four daemons with a model of 91 MB, all of which contribute at once: from the last announcement to the last certificate. */
export async function* rows({ scratch, say }: Setup): AsyncGenerator<Row> {
  const meeting = await mkdtemp(join(scratch, 'meet-'))
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
    rounds: 1,
    env: { ROUND_BENCH_MEET: meeting, ROUND_BENCH_PEERS: String(MEMBERS) },
    args: ['--engine', `command:${process.execPath} ${PROGRAM}`, '--task', 'bench'],
  }))
  const cpuBefore = await Promise.all(daemons.map(cpuSecondsOf))
  const announced = await Promise.all(daemons.map((daemon) => timeOf(daemon, 'announced')))
  say('announced')
  const certified = await Promise.all(daemons.map((daemon) => timeOf(daemon, 'fused')))
  const cpuAfter = await Promise.all(daemons.map(cpuSecondsOf))
  const bases = new Set(await Promise.all(daemons.map(async (daemon) => (await fused(daemon))['base'])))
  const seconds = (Math.max(...certified) - Math.max(...announced)) / 1000
  const peaks = await Promise.all(daemons.map(peakBytesOf))
  const cpu = cpuAfter.reduce((sum, spent, i) => sum + spent - (cpuBefore[i] ?? 0), 0) / MEMBERS
  yield {
    step: 'round',
    what: `${MEMBERS} daemons, from the last announcement to the certificate on all`,
    size: '91MB',
    yardstick: `at most ${MAX_SECONDS} s`,
    ratio: MAX_SECONDS / seconds,
    target: 1,
    gigabytesPerSecond: null,
    peakMegabytes: Math.max(...peaks) / 1e6,
    cpuSecondsPerGigabyte: null,
    note: `${seconds.toFixed(1)} s; ${bases.size === 1 ? 'one base' : `${bases.size} bases`}; ${cpu.toFixed(1)} CPU s a daemon, training left out`,
  }
  await Promise.all(daemons.map((daemon) => daemon.stop()))
}

async function timeOf(daemon: Daemon, kind: string): Promise<number> {
  await daemon.event(({ event }) => event === kind, kind, DEADLINE_MS)
  return performance.now()
}

const fused = (daemon: Daemon) => daemon.event(({ event }) => event === 'fused', 'fused', DEADLINE_MS)

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
