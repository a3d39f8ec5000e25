import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { errorAnswer } from '../control/shapes.ts'
import { isErrorCode } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { BIN } from '../package-root.ts'

const KEPT_LINES = 12
const MAX_LINE = 400
const STOP_MS = 10_000

const eventShape = z.looseObject({ event: z.string() })
export type ChildEvent = z.infer<typeof eventShape>

/** A daemon as a process of its own, through the same command line that people use. */
export interface Child {
  readonly name: string
  readonly isRunning: boolean
  /** Rejects when the process ends before `stop`, with its last lines. */
  readonly failed: Promise<never>
  /** Asks it to stop, and ends it when it does not. Idempotent. */
  stop(): Promise<void>
}

export interface ChildOptions {
  readonly name: string
  readonly args: readonly string[]
  readonly onEvent: (event: ChildEvent) => void
}

export function startChild({ name, args, onEvent }: ChildOptions): Child {
  const lastLines: string[] = []
  // The channel tells the daemon when this process is gone, however it went.
  const child = spawn(process.execPath, [BIN, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: ownEnvironment(),
  })
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', kill)
  let isStopping = false
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`))
  })
  void ended.then(() => process.off('exit', kill))
  const failed = ended.then((how): never | Promise<never> => {
    if (isStopping) return new Promise<never>(() => {})
    throw failureOf(name, how, lastLines)
  })
  failed.catch(() => {})

  readLines(child, (line) => {
    const event = parseEvent(line)
    if (event !== null) {
      onEvent(event)
      if (event.event !== 'contributing-failed') return
    }
    lastLines.push(line)
    if (lastLines.length > KEPT_LINES) lastLines.shift()
  })

  return {
    name,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    failed,
    stop: async () => {
      isStopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const force = setTimeout(kill, STOP_MS)
      await ended
      clearTimeout(force)
    },
  }
}

/** The child's own error when it printed one, and its last lines. */
function failureOf(name: string, how: string, lastLines: readonly string[]): CliError {
  const own = lastLines.map(parseError).findLast((error) => error !== null)
  const shown = lastLines.filter((line) => parseError(line) === null).map((line) => `  | ${line.slice(0, MAX_LINE)}`)
  const hint = [...(own?.hint ? [own.hint] : []), ...shown].join('\n') || 'it printed nothing'
  const code = own !== undefined && own !== null && isErrorCode(own.code) ? own.code : 'unreachable'
  return new CliError(code, `The daemon ${name} failed: ${own?.message ?? how}`, { hint })
}

function parseError(line: string): z.infer<typeof errorAnswer>['error'] | null {
  if (!line.startsWith('{"error"')) return null
  try {
    return errorAnswer.safeParse(JSON.parse(line)).data?.error ?? null
  } catch {
    return null
  }
}

/** Settings meant for the demo's own command line are not the daemons'. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('COLDMESH_') || name === 'COLDMESH_DEBUG',
  )
  return Object.fromEntries(entries)
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const input of [child.stdout, child.stderr]) {
    if (input !== null) createInterface({ input }).on('line', onLine)
  }
}

function parseEvent(line: string): ChildEvent | null {
  if (!line.startsWith('{"event"')) return null
  try {
    const parsed = eventShape.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
