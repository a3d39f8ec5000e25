import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const DEADLINE_MS = 60_000

/** A program as a child process in a group of its own, with everything it printed. */
export interface Running {
  readonly lines: readonly string[]
  /** Ends with the exit code, null after a signal. */
  readonly ended: Promise<number | null>
  /** The first line, past or future, that fits. Fails with the last lines at the deadline, or when the program ends before. */
  line(fits: RegExp, deadlineMs?: number): Promise<string>
  /** To the whole group, as Ctrl-C in a terminal. */
  interrupt(): void
  kill(): void
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export function startProcess(command: string, args: readonly string[], { cwd, env = {} }: RunOptions = {}): Running {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(COLDMESH_|NODE_OPTIONS|NODE_TEST|npm_|INIT_CWD)/.test(name),
  )
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env },
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    process.kill(-child.pid, signal)
  }
  const kill = (): void => signalGroup('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      process.off('exit', kill)
      resolve(code)
    })
  })
  ended.catch(() => {})
  const { lines, watch } = readLines(child)

  return {
    lines,
    ended,
    interrupt: () => signalGroup('SIGINT'),
    kill,
    line: (fits, deadlineMs = DEADLINE_MS) =>
      new Promise((resolve, reject) => {
        const settle = (end: () => void): void => {
          unwatch()
          clearTimeout(timer)
          end()
        }
        const fail = (why: string) =>
          settle(() => reject(new Error(`${why} while waiting for ${fits}:\n${lines.slice(-30).join('\n')}`)))
        const timer = setTimeout(() => fail('deadline'), deadlineMs)
        const unwatch = watch((line) => {
          if (fits.test(line)) settle(() => resolve(line))
        })
        ended.then(
          (code) => fail(`ended with ${code}`),
          (error) => fail(String(error)),
        )
        const past = lines.find((line) => fits.test(line))
        if (past !== undefined) settle(() => resolve(past))
      }),
  }
}

function readLines(child: ChildProcess) {
  const lines: string[] = []
  const watchers = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const watcher of [...watchers]) watcher(line)
    })
  }
  const watch = (watcher: (line: string) => void) => {
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }
  return { lines, watch }
}
