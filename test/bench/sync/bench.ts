import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Figures } from './meter.ts'

/**
 * What a catch-up and a verification cost, against the signatures that they have to check anyway:
 * `node --conditions=coldmesh-source test/bench/sync/bench.ts [ROUNDS]`. Prints, asserts nothing. Each part is a process of
 * its own: what one has checked, another does not remember. Processor time, not time: other programs may run.
 */
const rounds = Number(process.argv[2] ?? 200)
const directory = await mkdtemp(join(tmpdir(), 'coldmesh-bench-'))
try {
  const { bytes = 0 } = await part('build')
  const { signatures = 0, cpuSeconds: checksSeconds = 0 } = await part('signatures')
  say('rounds', String(rounds))
  say('bytes of lineages and certificates, a round', (bytes / rounds).toFixed(0))
  say('signatures, a round', (signatures / rounds).toFixed(1))
  say('their bare checks, ms a round', ((1000 * checksSeconds) / rounds).toFixed(2))
  show('catch-up', await part('catch-up'), checksSeconds)
  show('verify --level signatures', await part('verify'), checksSeconds)
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function part(name: string): Promise<Figures> {
  const file = join(import.meta.dirname, `${name}.ts`)
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file, directory, String(rounds)])
  return JSON.parse(stdout) as Figures
}

function show(title: string, figures: Figures, checksSeconds: number): void {
  const of = (name: string) => figures[name] ?? Number.NaN
  say('', '')
  say(title, `${of('rounds')} rounds in ${of('seconds').toFixed(1)} s`)
  say('  processor time', `${((1000 * of('cpuSeconds')) / rounds).toFixed(2)} ms a round`)
  say('  against the bare checks', `${(of('cpuSeconds') / checksSeconds).toFixed(2)} x`)
  say('  second and last quarter, ms a round', `${of('secondQuarterMs').toFixed(2)}, ${of('lastQuarterMs').toFixed(2)}`)
  say('  memory that a round leaves behind, bytes', of('heapBytesPerRound').toFixed(0))
  say('  peak resident memory, MB', of('peakMegabytes').toFixed(0))
}

function say(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(46)} ${value}\n`)
}
