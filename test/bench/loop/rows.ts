import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createFusionEngine } from '../../../src/adapters/fusion/engine.ts'
import type { Layout } from '../../../src/checkpoint/layout.ts'
import { ears, link, startNode, subscribed, TOPIC } from '../../net/adapters/support.ts'
import { writeCheckpoint } from '../checkpoint-file.ts'
import { measure } from '../measure.ts'
import type { Row, Setup } from '../report.ts'

const INPUTS = 8
const TOTAL_BYTES = 1e9
const MAX_DELAY_MS = 50
const MESSAGE_MS = 20

/** The event loop of a process that gossips while it fuses 8 files of 1 GB together; and what it is without a fusion. */
export async function* rows({ scratch, say }: Setup): AsyncGenerator<Row> {
  await mkdir(scratch, { recursive: true })
  const paths = Array.from({ length: INPUTS + 1 }, (_, i) => join(scratch, `${i}.safetensors`))
  let layout: Layout | undefined
  for (const [seed, path] of paths.entries()) {
    layout = await writeCheckpoint({ path, bytes: TOTAL_BYTES / INPUTS, seed })
  }
  const [base = '', ...inputs] = paths
  if (layout === undefined) throw new Error('no file was written')
  const files = { layout, base, inputs, rule: 'mean/1', params: {}, out: join(scratch, 'fused') }
  const [a, b] = [await startNode(), await startNode()]
  await using engine = createFusionEngine()
  try {
    const heard = ears(b)
    ears(a)
    await link(a, b)
    await Promise.all([subscribed(a, 1), subscribed(b, 1)])
    const gossip = setInterval(
      () => void a.gossip.publish(TOPIC, crypto.getRandomValues(new Uint8Array(1000))),
      MESSAGE_MS,
    )
    say('gossip alone')
    const alone = await delayDuring(() => new Promise((resolve) => setTimeout(resolve, 2000)))
    say('gossip and a fusion')
    const beside = await delayDuring(() => engine.fuse(files))
    clearInterval(gossip)
    yield {
      step: 'loop',
      what: 'event loop, p99, beside a fusion of 1 GB and gossip',
      size: '1GB',
      yardstick: `under ${MAX_DELAY_MS} ms`,
      ratio: MAX_DELAY_MS / beside.p99Ms,
      target: 1,
      gigabytesPerSecond: TOTAL_BYTES / 1e9 / beside.seconds,
      peakMegabytes: null,
      cpuSecondsPerGigabyte: beside.cpuSeconds / (TOTAL_BYTES / 1e9),
      note: `${beside.p99Ms.toFixed(1)} ms, longest ${beside.maxMs.toFixed(1)}; without the fusion ${alone.p99Ms.toFixed(1)}; ${heard.messages.length} messages heard`,
    }
  } finally {
    await Promise.all([a.stop(), b.stop()])
  }
}

/** By how much timers were late. */
async function delayDuring(work: () => Promise<unknown>) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const cost = await measure(work)
  histogram.disable()
  // The histogram counts the millisecond that it waits for, too.
  return { ...cost, p99Ms: histogram.percentile(99) / 1e6 - 1, maxMs: histogram.max / 1e6 - 1 }
}
