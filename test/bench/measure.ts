import { execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

/** What some work cost. */
export interface Cost {
  readonly seconds: number
  /** User and system, of all threads. */
  readonly cpuSeconds: number
}

/** What it cost in a process of its own. */
export interface ProcessCost extends Cost {
  /** The process's peak, Node itself included. */
  readonly peakBytes: number
}

/** The cheapest of some runs, each by its own measure: what else the machine does only ever adds. */
export async function best(work: () => unknown, { runs = 3 } = {}): Promise<Cost> {
  let seconds = Number.POSITIVE_INFINITY
  let cpuSeconds = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const cost = await measure(work)
    seconds = Math.min(seconds, cost.seconds)
    cpuSeconds = Math.min(cpuSeconds, cost.cpuSeconds)
  }
  return { seconds, cpuSeconds }
}

export async function measure(work: () => unknown): Promise<Cost> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (user + system) / 1e6 }
}

/** Of a process that is measured: its memory is managed as node/coldmesh.js has it. */
export const HEAP_FLAG = '--max-semi-space-size=4'
export const NODE_FLAGS = [
  HEAP_FLAG,
  `--import=${join(import.meta.dirname, 'threads-heap.ts')}`,
  '--conditions=coldmesh-source',
]

/**
 * Runs a module in a process of its own, with a job for it. It ends with `answer(...)`.
 * @param module its path
 */
export async function inProcess<Answer extends ProcessCost>(module: string, job: unknown): Promise<Answer> {
  const child = spawn(process.execPath, [...NODE_FLAGS, module], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify(job))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const output = await text(child.stdout)
  const code = await exited
  if (code !== 0) throw new Error(`${module} ended with ${code}`)
  return JSON.parse(output)
}

/** In the process that `inProcess` began: its job. */
export async function readJob<Job>(): Promise<Job> {
  return JSON.parse(await text(process.stdin))
}

/**
 * Most memory that a process had, in bytes. Not `maxRSS`: a child begins with what its parent had.
 * @param pid or `self`
 */
export function peakOf(pid: number | string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1])
}

/** What it took at most before this is not counted; its memory now is. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

const TICKS_PER_SECOND = 100

/** User and system time of another process so far. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return (user + system) / TICKS_PER_SECOND
}

/** In the process that `inProcess` began: what it found, its cost and its peak. */
export function answer(cost: Cost, found: Readonly<Record<string, unknown>> = {}): void {
  const peakBytes = peakOf('self')
  process.stdout.write(JSON.stringify({ ...found, ...cost, peakBytes }))
}

/** Drops a file from the page cache, so that the next read is cold. False where the system cannot. */
export async function chill(path: string): Promise<boolean> {
  try {
    await promisify(execFile)('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
    return true
  } catch {
    return false
  }
}
