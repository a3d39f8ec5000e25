import { writeSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Loaded into the victim (`--import`): at SIGUSR2 it prints what it costs to be flooded. Two processes on one machine would else
 * measure each other.
 */
setFlagsFromString('--expose-gc')
const collectGarbage: unknown = runInNewContext('gc')
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
let highestHeapBytes = 0
setInterval(() => {
  highestHeapBytes = Math.max(highestHeapBytes, process.memoryUsage().heapUsed)
}, 50).unref()
let last = { at: performance.now(), cpu: process.cpuUsage() }

process.on('SIGUSR2', () => {
  const since = performance.now() - last.at
  const { user, system } = process.cpuUsage(last.cpu)
  const delayMs = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
  const highest = Math.max(highestHeapBytes, process.memoryUsage().heapUsed)
  if (typeof collectGarbage === 'function') collectGarbage()
  const { heapUsed, rss } = process.memoryUsage()
  const report = {
    event: 'probe',
    heapBytes: heapUsed,
    highestHeapBytes: highest,
    rssBytes: rss,
    cpuShare: (user + system) / 1000 / since,
    delayMs,
  }
  writeSync(1, `${JSON.stringify(report)}\n`)
  delay.reset()
  highestHeapBytes = 0
  last = { at: performance.now(), cpu: process.cpuUsage() }
})
