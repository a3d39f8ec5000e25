import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { constants } from 'node:os'
import { ColdmeshError } from '../../ports/errors.ts'
import { EXIT_UNSUPPORTED, MAX_LOG_BYTES } from './contract.ts'
import { onDisk } from './disk.ts'
import { createLineReader } from './events.ts'

/** Of standard error, in an error. */
const TAIL_BYTES = 8_192
/** Of that, in its message. */
const MESSAGE_LINES = 12
const WATCH_MS = 1_000
/** For output that a program's own children hold open when it is gone. */
const DRAIN_MS = 1_000

export interface ProgramOptions {
  /** Program and arguments. */
  readonly command: readonly string[]
  /** Last argument of the program, and COLDMESH_WORK of its environment. */
  readonly work: string
  /** Takes all of standard error; appended to. */
  readonly log: string
  readonly timeLimitMs: number
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number
  readonly signal: AbortSignal
  /** Each line of standard output. */
  readonly onLine: (line: string) => void
}

/** Why it was stopped before it ended. */
type Stop = 'aborted' | 'deadline' | 'log'

/**
 * Runs a program in a process group of its own until it exits with 0. Stopped, it gets SIGTERM, and SIGKILL after a grace; what it leaves
 * running is killed too.
 *
 * @throws ColdmeshError `refused` (another exit code, a signal), `unsupported` (exit code 64), `deadline`, `aborted`, `too-large` (its log),
 *   `bad-input` (can't be started)
 */
export async function runProgram(options: ProgramOptions): Promise<void> {
  const { command, work, log, timeLimitMs, graceMs, signal, onLine } = options
  const [program = '', ...args] = command
  if (signal.aborted) throw stopError('aborted', options)
  await using stderr = await onDisk('write', log, () => open(log, 'a'))
  const child = spawn(program, [...args, work], {
    stdio: ['ignore', 'pipe', stderr.fd],
    env: { ...process.env, COLDMESH_WORK: work },
    // A group of its own, so that all of it can be stopped; on Windows that would open a window.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  let stopped: Stop | null = null
  let killing: NodeJS.Timeout | undefined
  const stop = (why: Stop) => {
    if (stopped !== null) return
    stopped = why
    killGroup(child, 'SIGTERM')
    killing = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs)
  }
  const onAbort = () => stop('aborted')
  const onExit = () => killGroup(child, 'SIGKILL')
  signal.addEventListener('abort', onAbort, { once: true })
  process.once('exit', onExit)
  const limit = setTimeout(() => stop('deadline'), Math.min(timeLimitMs, 2 ** 31 - 1))
  const watch = setInterval(() => {
    if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) stop('log')
  }, WATCH_MS)
  const lines = createLineReader(onLine)
  const { stdout } = child
  if (stdout === null) throw new Error('standard output is a pipe')
  stdout.on('data', (bytes: Uint8Array) => lines.push(bytes))
  const closed = once(stdout, 'close')
  try {
    const [code, name]: (number | string | null)[] = await once(child, 'exit')
    killGroup(child, 'SIGKILL')
    await within(DRAIN_MS, closed)
    lines.end()
    if (stopped !== null) throw stopError(stopped, options)
    if (code !== 0) throw await exitError(code, name, options)
  } catch (error) {
    // The event `error` of a child that could not be started.
    if (error instanceof ColdmeshError) throw error
    throw new ColdmeshError('bad-input', `The program ${program} could not be started`, {
      cause: error,
      hint: 'Check that it runs by itself.',
    })
  } finally {
    clearTimeout(limit)
    clearTimeout(killing)
    clearInterval(watch)
    stdout.destroy()
    signal.removeEventListener('abort', onAbort)
    process.removeListener('exit', onExit)
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}

async function within(delayMs: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, delayMs)
  await Promise.race([promise, late])
  clearTimeout(timer)
}

function stopError(why: Stop, { command, timeLimitMs, log }: ProgramOptions): ColdmeshError {
  const program = nameOf(command)
  if (why === 'aborted') return new ColdmeshError('aborted', 'Training was aborted')
  if (why === 'log') {
    return new ColdmeshError('too-large', `${program} wrote more than ${MAX_LOG_BYTES} bytes to its log`, {
      facts: { log },
      hint: 'Make it say less on standard error.',
    })
  }
  const seconds = Math.round(timeLimitMs / 100) / 10
  return new ColdmeshError('deadline', `${program} was still running after its time limit of ${seconds} s`, {
    facts: { log, seconds },
    hint: 'Give it fewer steps, or more time.',
  })
}

async function exitError(
  code: number | string | null | undefined,
  signal: number | string | null | undefined,
  { command, log }: ProgramOptions,
): Promise<ColdmeshError> {
  const program = nameOf(command)
  const stderr = await readTail(log)
  const said = stderr.trimEnd().split('\n').slice(-MESSAGE_LINES).join('\n')
  const after = said === '' ? '' : `:\n${said}`
  const facts = {
    log,
    stderr,
    exitCode: code === null ? null : Number(code),
    signal: signal === null ? null : String(signal),
  }
  if (code === EXIT_UNSUPPORTED) {
    return new ColdmeshError('unsupported', `${program} can't do this${after}`, { facts, hint: `Its log: ${log}` })
  }
  if (code === null) {
    const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1]
    const hint =
      signal === 'SIGKILL' ? 'The system kills what takes too much memory: try a smaller batch.' : `Its log: ${log}`
    return new ColdmeshError('refused', `${program} was ended by ${signal} (signal ${number})${after}`, { facts, hint })
  }
  return new ColdmeshError('refused', `${program} ended with exit code ${code}${after}`, {
    facts,
    hint: `All that it said is in ${log}`,
  })
}

async function readTail(path: string): Promise<string> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
  await file.read(bytes, 0, bytes.length, size - bytes.length)
  return bytes.toString('utf8')
}

function nameOf(command: readonly string[]): string {
  return command.join(' ')
}
