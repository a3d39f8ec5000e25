import { rmSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { answer, type Cost, measure, readJob } from '../measure.ts'
import type { FuseJob } from './jobs.ts'

// A process of its own: fuses files, to the last leaf written and hashed. Cold, from the start of its threads; else once more by threads
// that run, as a daemon's do, the best of some.

/** Of small models many runs, of large ones one. */
const RUNS_BYTES = 500e6
const MAX_RUNS = 5

const { layout, rule, params, base, inputs, out, workers, isCold = false, engine: path } = await readJob<FuseJob>()
const { createFusionEngine }: typeof import('../../../src/adapters/fusion/engine.ts') = await import(
  path ?? '../../../src/adapters/fusion/engine.ts'
)
const header = Buffer.from(layout.header, 'base64')
const options = { layout: { ...layout, header }, rule, params, base, inputs, out, rows: inputs.map(() => 1) }
const runs = Math.max(1, Math.min(MAX_RUNS, Math.floor(RUNS_BYTES / layout.totalBytes)))
const delay = monitorEventLoopDelay({ resolution: 1 })
const costs: Cost[] = []
rmSync(out, { force: true })
delay.enable()
await using engine = createFusionEngine({ workers })
const first = await measure(() => engine.fuse(options))
for (let run = 0; !isCold && run < runs; run++) {
  rmSync(out)
  costs.push(await measure(() => engine.fuse(options)))
}
delay.disable()
const cost = costs.reduce((least, next) => (next.seconds < least.seconds ? next : least), costs[0] ?? first)
answer(cost, { delayMs: delay.percentile(99) / 1e6 })
