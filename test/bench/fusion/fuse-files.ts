import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createFusionEngine } from '../../../src/adapters/fusion/engine.ts'
import { answer, measure, readJob } from '../measure.ts'
import type { FuseJob } from './jobs.ts'

// A process of its own: fuses files once, from the start of its threads to the last leaf written and hashed.

const { layout, rule, params, base, inputs, out, workers } = await readJob<FuseJob>()
const header = Buffer.from(layout.header, 'base64')
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const cost = await measure(async () => {
  await using engine = createFusionEngine({ workers })
  const options = { layout: { ...layout, header }, rule, params, base, inputs, out, rows: inputs.map(() => 1) }
  await engine.fuse(options)
})
delay.disable()
answer(cost, { delayMs: delay.percentile(99) / 1e6 })
