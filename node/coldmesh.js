#!/usr/bin/env node
// The only file that must parse on an old Node: it checks the version, finds the sources or the build, and hands over.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const NEEDED_MAJOR = 24
const EXIT_REFUSED = 5
/** In MB. test/bench/measure.ts has it too. */
const HEAP_FLAG = '--max-semi-space-size=4'
const THREADS_HEAP_FLAG = '--max-semi-space-size=0'
const here = dirname(fileURLToPath(import.meta.url))
const sources = join(here, 'cli.ts')
const isCheckout = existsSync(sources) && !here.split(sep).includes('node_modules')
const ownNode = join(here, '..', 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) {
  becomeSmaller()
  if (isCheckout) {
    resolveToSources()
    // Types are stripped once and not at every start: a start takes half as long. Where this can't be written, nothing changes.
    module.enableCompileCache(join(here, '..', 'node_modules', '.cache', 'coldmesh'))
  }
  const entry = isCheckout ? sources : join(here, '..', 'dist', 'node', 'cli.js')
  const { main } = await import(pathToFileURL(entry).href)
  await main(process.argv.slice(2))
} else if (isCheckout && existsSync(ownNode) && process.env['COLDMESH_REEXEC'] === undefined) {
  runWith(ownNode)
} else {
  const fix = isCheckout
    ? 'run "npm ci" here, which puts Node 24 into node_modules/.bin'
    : 'install it from https://nodejs.org'
  process.stderr.write(`coldmesh needs Node ${NEEDED_MAJOR} or newer and this is ${process.version}: ${fix}\n`)
  process.exitCode = EXIT_REFUSED
}

/** In a checkout the package's own names mean the .ts sources, without a flag. */
function resolveToSources() {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, 'coldmesh-source'] }),
  })
}

/**
 * Begins again in the same process, with V8 told to let less lie before it cleans up: by default up to 100 MB of short-lived values
 * and 64 MB of buffers. That is for this thread; others have limits of their own. Windows has no such call, and keeps the default.
 */
function becomeSmaller() {
  if (process.execArgv.includes(HEAP_FLAG)) return setFlagsFromString(THREADS_HEAP_FLAG)
  if (/semi-space/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '))) return
  if (process.execve === undefined || process.platform === 'win32') return
  const args = [HEAP_FLAG, ...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  process.execve(process.execPath, [process.execPath, ...args], process.env)
}

/** Runs the same command line with another Node; its signals and its exit code are ours. */
function runWith(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, COLDMESH_REEXEC: '1' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`coldmesh could not start ${node}: ${error.message}\n`)
    process.exitCode = EXIT_REFUSED
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
