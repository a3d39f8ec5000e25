import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Daemon } from '../../support/e2e/daemon.ts'
import { createTestNetwork } from '../../support/e2e/network.ts'
import { type Honest, startHonest } from './honest.ts'
import { MODES } from './modes.ts'

/**
 * A real daemon under floods, each by one peer in a process of its own; two honest peers speak through the daemon all the while.
 *
 *     node --conditions=coldmesh-source test/bench/flood/bench.ts [--rate 10000] [--seconds 5] [--mode valid]
 *
 * Fails when an honest message is lost or takes more than two seconds, or the heap has grown by more than 64 MB after a flood.
 */
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    mode: { type: 'string', multiple: true, default: Object.keys(MODES) },
  },
})
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const QUIET_SECONDS = 3
const MAX_LATENCY_MS = 2000
const MAX_GROWTH_BYTES = 64e6

// A second member that never comes: the round stays open, and everything is judged for it.
await using network = await createTestNetwork({ members: 2 })
const [peer] = network.peers
if (!peer) throw new Error('a network needs a peer')
const probe = join(import.meta.dirname, 'probe.ts')
const victim = await network.start(peer, { env: { NODE_OPTIONS: `--import=${probe}` } })
const ready = await victim.event(({ event }) => event === 'ready', 'ready')
const invite = String(ready['invite'])
await using honest = await startHonest(invite, network.base)
let failed = 0

const header = [
  'flood',
  'offered/s',
  'taken/s',
  'p50 ms',
  'max ms',
  'x quiet',
  'lost',
  'CPU',
  'loop p99',
  'heap',
  'top',
  'after',
  'RSS',
]
console.log(
  `\nheap before, at its top and after, and RSS, in MB; CPU of the victim in cores; latency between two honest peers\n`,
)
row(header)
for (const mode of values.mode) await floodWith(mode, honest)
console.log(
  failed === 0 ? '\nevery honest message arrived in time; the heap is bounded' : `\n${failed} floods did harm`,
)
process.exitCode = failed === 0 ? 0 : 1

async function floodWith(mode: string, { target, measure }: Honest): Promise<void> {
  await probed(victim)
  const quiet = await measure(QUIET_SECONDS)
  const before = await probed(victim)
  const flooder = spawn(
    process.execPath,
    [
      '--conditions=coldmesh-source',
      join(import.meta.dirname, 'flooder.ts'),
      ...[mode, invite, target.base, String(target.bytes), String(rate), String(seconds)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: flooder.stdout })[Symbol.asyncIterator]()
  const exited = once(flooder, 'exit')
  await lines.next()
  await probed(victim)
  const flooded = await measure(seconds)
  const during = await probed(victim)
  const told: unknown = JSON.parse((await lines.next()).value ?? '{}')
  await exited
  const after = await probed(victim)
  const growth = number(after, 'heapBytes') - number(before, 'heapBytes')
  const isHarm = flooded.lost > 0 || flooded.maxMs > MAX_LATENCY_MS || growth > MAX_GROWTH_BYTES
  if (isHarm) failed++
  row([
    `${mode}${isHarm ? ' !' : ''}`,
    ...['offered', 'taken'].map((name) => (number(told, name) / seconds).toFixed(0)),
    ...[flooded.medianMs, flooded.maxMs].map((ms) => ms.toFixed(0)),
    (flooded.medianMs / quiet.medianMs).toFixed(1),
    `${flooded.lost}/${flooded.sent}`,
    number(during, 'cpuShare').toFixed(2),
    number(at(during, 'delayMs'), 'p99').toFixed(0),
    ...[before, during, after].map((report, i) => megabytes(report, i === 1 ? 'highestHeapBytes' : 'heapBytes')),
    megabytes(after, 'rssBytes'),
  ])
}

async function probed(daemon: Daemon): Promise<unknown> {
  const seen = new Set(daemon.events)
  daemon.kill('SIGUSR2')
  return await daemon.event((event) => event.event === 'probe' && !seen.has(event), 'the probe', 30_000)
}

function row(cells: readonly string[]): void {
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(20) : cell.padStart(9))).join(' '))
}

function megabytes(report: unknown, name: string): string {
  return (number(report, name) / 1e6).toFixed(0)
}

function number(of: unknown, name: string): number {
  return Number(at(of, name))
}

function at(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
}
