import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { BIN } from '../../../node/package-root.ts'

const MAX_MS = 60_000

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly timeoutMs?: number
}

type CliProcess = ChildProcessByStdio<null, Readable, Readable>

/** The command line as a process of its own, as people start it. */
export function startCli(args: readonly string[], { env = {}, cwd, timeoutMs = MAX_MS }: CliOptions = {}): CliProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(COLDMESH_|NODE_OPTIONS|NODE_TEST)/.test(name))
  return spawn(process.execPath, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(inherited), ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...(cwd === undefined ? {} : { cwd }),
  })
}

export async function runCli(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  const child = startCli(args, options)
  const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), exitOf(child)])
  return { code, stdout, stderr }
}

export interface CliDaemon {
  readonly ready: Readonly<Record<string, unknown>>
  readonly child: CliProcess
  /** Sends the signal; the exit code and how long it took. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; ms: number }>
}

/** A daemon that printed its ready line. */
export async function startDaemon(args: readonly string[], options: CliOptions = {}): Promise<CliDaemon> {
  const local = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht', '--threads', '1']
  const child = startCli(['daemon', ...args, ...local, '--json'], { timeoutMs: 120_000, ...options })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const exit = exitOf(child)
  const lines = createInterface({ input: child.stdout })
  const ready = new Promise<Record<string, unknown>>((resolve, reject) => {
    lines.on('line', (line) => {
      const event: Record<string, unknown> = JSON.parse(line)
      if (event['event'] === 'ready') resolve(event)
    })
    exit.then((code) => reject(new Error(`the daemon ended with ${code}: ${stderr}`)))
  })
  return {
    ready: await ready,
    child,
    stop: async (signal = 'SIGTERM') => {
      const from = performance.now()
      child.kill(signal)
      return { code: await exit, ms: performance.now() - from }
    },
  }
}

/** A folder that is removed at the end of the test file. */
export function temporaryFolder(name: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `coldmesh ${name} é🙂-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

async function exitOf(child: CliProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const [code]: (number | null)[] = await once(child, 'exit')
  return code ?? null
}

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}
