import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type CommandFigures, measureCommand } from './command.ts'
import type { Figures } from './meter.ts'

/** As the command starts itself, and what it tells V8 (decisions 0048 and 0051). */
const SMALL_HEAP = ['--max-semi-space-size=4', '--heap-growing-percent=20']

/**
 * What a catch-up and a verification cost, against the signatures that they have to check anyway:
 * `node --conditions=coldmesh-source test/bench/sync/bench.ts [ROUNDS]`. Prints, asserts nothing. Each part is a process of
 * its own: what one has checked, another does not remember. Processor time, not time: other programs may run.
 */
const rounds = Number(process.argv[2] ?? 200)
const directory = await mkdtemp(join(tmpdir(), 'coldmesh-bench-'))
try {
  const { bytes = 0 } = await part('build')
  // Before and after each: how fast the machine is changes with what else runs on it.
  const bare = [await part('signatures')]
  const catchUp = await part('catch-up')
  bare.push(await part('signatures'))
  const verify = await part('verify', SMALL_HEAP)
  bare.push(await part('signatures'))
  const { base, genesisBase } = await part<{ base: string; genesisBase: string }>('directory')
  // The first one strips types, which an installed package does not.
  await measureCommand('verify', genesisBase, '--dir', directory, '--level', 'signatures')
  const commands: (readonly [string, CommandFigures])[] = []
  for (const [source, from] of [
    ['a data directory', [base, '--dir', directory]],
    ['an archive', [join(directory, 'lineage.car')]],
  ] as const) {
    const args = ['verify', ...from, '--level', 'signatures']
    commands.push([`${source}, as text`, await measureCommand(...args)])
    commands.push([`${source}, --json`, await measureCommand(...args, '--json')])
    bare.push(await part('signatures'))
  }
  const checksSeconds = bare.reduce((sum, { cpuSeconds = 0 }) => sum + cpuSeconds, 0) / bare.length
  const signatures = bare[0]?.['signatures'] ?? 0
  say('rounds', String(rounds))
  say('bytes of lineages and certificates, a round', (bytes / rounds).toFixed(0))
  say('signatures, a round', (signatures / rounds).toFixed(1))
  say('their bare checks, ms a round', ((1000 * checksSeconds) / rounds).toFixed(2))
  show('catch-up', catchUp, checksSeconds)
  show('verify --level signatures, the library alone', verify, checksSeconds)
  say('', '')
  say('the command, of', 'processor time, against the bare checks, peak MiB')
  for (const [source, { cpuSeconds, peakMegabytes }] of commands) {
    const times = (cpuSeconds / checksSeconds).toFixed(2)
    say(`  ${source}`, `${cpuSeconds.toFixed(1)} s, ${times} x, ${peakMegabytes.toFixed(0)}`)
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function part<T = Figures>(name: string, flags: readonly string[] = []): Promise<T> {
  const file = join(import.meta.dirname, `${name}.ts`)
  const args = [...process.execArgv, ...flags, file, directory, String(rounds)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

function show(title: string, figures: Figures, checksSeconds: number): void {
  const of = (name: string) => figures[name] ?? Number.NaN
  say('', '')
  say(title, `${of('rounds')} rounds in ${of('seconds').toFixed(1)} s`)
  say('  processor time', `${((1000 * of('cpuSeconds')) / rounds).toFixed(2)} ms a round`)
  say('  against the bare checks', `${(of('cpuSeconds') / checksSeconds).toFixed(2)} x`)
  say('  second and last quarter, ms a round', `${of('secondQuarterMs').toFixed(2)}, ${of('lastQuarterMs').toFixed(2)}`)
  say(
    '  the same, bytes left in memory a round',
    `${of('secondQuarterBytes').toFixed(0)}, ${of('lastQuarterBytes').toFixed(0)}`,
  )
  say('  peak resident memory, MiB', of('peakMegabytes').toFixed(0))
}

function say(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(46)} ${value}\n`)
}
