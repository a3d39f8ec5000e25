import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const BIN = join(import.meta.dirname, '..', '..', '..', 'node', 'coldmesh.js')
const DEFAULT_DEADLINE_MS = 60_000

export type DaemonEvent = Readonly<Record<string, unknown>> & { readonly event: string }

/** A real daemon as a child process, with everything it printed. */
export interface Daemon {
  readonly name: string
  readonly dataDir: string
  readonly events: readonly DaemonEvent[]
  readonly output: readonly string[]
  /** Ends with exit code or signal. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** The first event, past or future, that fits. Fails with the daemon's last lines at the deadline. */
  event(fits: (event: DaemonEvent) => boolean, what: string, deadlineMs?: number): Promise<DaemonEvent>
  status(): Promise<Readonly<Record<string, unknown>>>
  /** Asks the control API: GET, or POST with a body. */
  ask(path: string, body?: object): Promise<Readonly<Record<string, unknown>>>
  kill(signal?: NodeJS.Signals): void
  /** SIGTERM, then waits. */
  stop(): Promise<void>
}

/** Starts `coldmesh daemon --json` on a data directory. */
export function startDaemon(options: {
  readonly name: string
  readonly dataDir: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}): Daemon {
  const { name, dataDir } = options
  const child = spawn(process.execPath, [BIN, 'daemon', '--dir', dataDir, '--json', ...options.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
  })
  const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal)
  }
  const killOnExit = () => kill()
  process.once('exit', killOnExit)
  const { events, output, watch } = readEvents(child)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', killOnExit)
      resolve({ code, signal })
    })
  })

  async function ask(path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const control: unknown = JSON.parse(await readFile(join(dataDir, 'control.json'), 'utf8'))
    const { port, token } = readControl(control)
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const answered: unknown = await answer.json()
    if (!answer.ok) throw new Error(`${name} answers ${path} with ${answer.status}: ${JSON.stringify(answered)}`)
    return typeof answered === 'object' && answered !== null ? { ...answered } : {}
  }

  return {
    name,
    dataDir,
    events,
    output,
    ended,
    kill,
    stop: async () => {
      kill('SIGTERM')
      await ended
    },
    status: () => ask('/v1/status'),
    ask,
    event: (fits, what, deadlineMs = DEFAULT_DEADLINE_MS) =>
      new Promise((resolve, reject) => {
        const past = events.find(fits)
        if (past) {
          resolve(past)
          return
        }
        const fail = (why: string) => {
          unwatch()
          clearTimeout(timer)
          reject(
            new Error(`${name}: ${why} while waiting for ${what}; its last lines:\n${output.slice(-30).join('\n')}`),
          )
        }
        const timer = setTimeout(() => fail('deadline'), deadlineMs)
        const unwatch = watch((event) => {
          if (!fits(event)) return
          unwatch()
          clearTimeout(timer)
          resolve(event)
        })
        void ended.then(({ code, signal }) => fail(`ended with ${signal ?? code}`))
      }),
  }
}

function readControl(value: unknown): { port: number; token: string } {
  if (typeof value === 'object' && value !== null && 'port' in value && 'token' in value) {
    if (typeof value.port === 'number' && typeof value.token === 'string')
      return { port: value.port, token: value.token }
  }
  throw new Error('control.json has no port and token')
}

function readEvents(child: ChildProcess) {
  const events: DaemonEvent[] = []
  const output: string[] = []
  const watchers = new Set<(event: DaemonEvent) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line.slice(0, 600))
      const event = parse(line)
      if (!event) return
      events.push(event)
      for (const watcher of [...watchers]) watcher(event)
    })
  }
  const watch = (watcher: (event: DaemonEvent) => void) => {
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }
  return { events, output, watch }
}

function parse(line: string): DaemonEvent | null {
  if (!line.startsWith('{"event"')) return null
  try {
    const value: unknown = JSON.parse(line)
    const isEvent = typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string'
    return isEvent ? { ...value, event: String(value.event) } : null
  } catch {
    return null
  }
}
