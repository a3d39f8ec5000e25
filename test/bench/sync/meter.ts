import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a part of the bench says of itself, as one line of JSON. */
export type Figures = Readonly<Record<string, number>>

export interface Meter {
  /** Rounds `1` to `round` are done: remembers processor time and memory in each quarter of the way. */
  reached(round: number): void
  /** Says it all to the process that started this one. */
  report(more?: Figures): void
}

/**
 * Measures this process, all threads, from now on. Memory is what is left after a collection, which is not counted as work.
 * @param rounds how many there will be
 */
export function startMeter(rounds: number): Meter {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  const began = { cpu: cpuSeconds(), wall: performance.now() }
  const marks: { round: number; cpu: number; heap: number }[] = []
  let notCounted = 0

  const mark = (round: number) => {
    const before = cpuSeconds()
    const cpu = before - notCounted
    if (typeof gc === 'function') for (let i = 0; i < 3; i++) gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    marks.push({ round, cpu, heap: heapUsed + arrayBuffers })
    notCounted += cpuSeconds() - before
  }
  mark(0)

  return {
    reached: (round) => {
      if (round >= (marks.length * rounds) / 4) mark(round)
    },
    report: (more = {}) => {
      const total = cpuSeconds() - notCounted - began.cpu
      const between = (from: number, to: number) => {
        const [a, b] = [marks[from], marks[to]]
        if (a === undefined || b === undefined || a.round === b.round) return { ms: Number.NaN, heap: Number.NaN }
        const count = b.round - a.round
        return { ms: (1000 * (b.cpu - a.cpu)) / count, heap: (b.heap - a.heap) / count }
      }
      const figures: Figures = {
        cpuSeconds: total,
        seconds: (performance.now() - began.wall) / 1000,
        secondQuarterMs: between(1, 2).ms,
        lastQuarterMs: between(3, 4).ms,
        secondQuarterBytes: between(1, 2).heap,
        lastQuarterBytes: between(3, 4).heap,
        peakMegabytes: process.resourceUsage().maxRSS / 1024,
        ...more,
      }
      process.stdout.write(JSON.stringify(figures))
    },
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
