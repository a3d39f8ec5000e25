import { text } from 'node:stream/consumers'
import { openOnnxEngine } from '../../../src/adapters/onnx/engine.ts'
import { ENGINE_NAMES } from '../../../src/engines/names.ts'
import { openEngine } from '../../../src/engines/open-engine.ts'
import { startingHead } from '../../../src/training/classifier.ts'
import { checkBody } from '../../../src/training/encoders/encoder-body.ts'
import { withDropout } from '../../../src/training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import type { Engine } from '../../../src/training/engine.ts'
import { createBody } from '../../../src/training/initial-weights.ts'
import { completePlan } from '../../../src/training/plan.ts'
import { CLASSES, type Cost, type Job, RATE, WHOLE } from './job.ts'

// A process of its own, so that its peak memory is the engine's: reads a job from standard input, writes its cost to standard output.
//   node run-engine.ts ENGINE <job.json

/** Steps of finetuning on one batch, each read back: a GPU is waited for. */
async function runEngine(engine: Engine, job: Job): Promise<Cost> {
  const plan = completePlan({ seed: 1 })
  const body = createBody({ ...job.config, model_type: 'bert' }, { seed: 1, pooler: true })
  const config = withDropout(readEncoderConfig({ ...job.config, model_type: 'bert' }), null)
  const shape = { config, body: checkBody(config, body), classes: CLASSES }
  const labels = Array.from({ length: CLASSES }, (_, index) => String(index))
  const [length, batch] = [job.ids[0]?.length ?? 0, job.ids.length]
  const learner = await engine.createLearner({
    shape,
    body,
    head: startingHead(shape, null, { labels }, 1).weights,
    plan,
    batch,
    longest: length,
  })
  const rows = job.ids.map((ids, index) => ({ ids, label: job.labels[index] ?? 0 }))
  let started = 0
  let startedCpu = process.cpuUsage()
  for (let step = 0; step < job.warmup + job.steps; step++) {
    if (step === job.warmup) {
      started = performance.now()
      startedCpu = process.cpuUsage()
    }
    await learner.learn(rows, length)
    learner.step({ body: RATE, head: RATE })
  }
  const seconds = (performance.now() - started) / 1_000 / job.steps
  const { user, system } = process.cpuUsage(startedCpu)
  await learner.release()
  return { seconds, cpuSeconds: (user + system) / 1e6 / job.steps, peakBytes: process.resourceUsage().maxRSS * 1_024 }
}

async function open(asked: string, threads: number): Promise<Engine> {
  if (asked === WHOLE) return openOnnxEngine({ threads, wholeLastLayer: true })
  const name = ENGINE_NAMES.find((known) => known === asked)
  if (name === undefined) throw new Error(`no engine ${asked}`)
  return openEngine(name, { threads, allowSoftware: false })
}

const job: Job = JSON.parse(await text(process.stdin))
const engine = await open(process.argv[2] ?? '', job.threads)
process.stdout.write(JSON.stringify(await runEngine(engine, job)))
await engine.close()
