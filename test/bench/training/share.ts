import { parseArgs } from 'node:util'
import { openTrainingData } from '../../../src/adapters/datasets/index.ts'
import { openEngine } from '../../../src/engines/open-engine.ts'
import { planFor } from '../../../src/engines/plan-for.ts'
import { runTrain } from '../../../src/engines/tasks.ts'
import { readModelDirectory } from '../../../src/peer/model.ts'
import type { Engine } from '../../../src/training/engine.ts'

// How much of a training's time is computing, and what the rest goes to: all that `join` does between a base in its store and the bytes it announces,
// reading and tokenizing the dataset included.
//   node --conditions=coldmesh-source test/bench/training/share.ts --data FILE [--base DIR] [--steps N] [--threads 2]

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'examples/data/tasks/wn-pos/train.csv' },
    base: { type: 'string', default: 'examples/data/base/model' },
    steps: { type: 'string', default: '' },
    threads: { type: 'string', default: '2' },
  },
})

/** Milliseconds by what they went to. */
const spent = new Map<string, number>()

async function timed<Result>(what: string, work: () => Result | Promise<Result>): Promise<Result> {
  const started = performance.now()
  try {
    return await work()
  } finally {
    spent.set(what, (spent.get(what) ?? 0) + performance.now() - started)
  }
}

/** The same engine; what its learners do is timed. */
function timeLearners(engine: Engine): Engine {
  return {
    ...engine,
    async createLearner(options) {
      const learner = await timed('engine: weights laid out', () => engine.createLearner(options))
      const step: typeof learner.step = (rates) => {
        const started = performance.now()
        learner.step(rates)
        spent.set('engine: steps', (spent.get('engine: steps') ?? 0) + performance.now() - started)
      }
      return {
        ...learner,
        learn: (rows, length) => timed('engine: forward and backward', () => learner.learn(rows, length)),
        step,
        predict: (rows, length) => timed('engine: predictions', () => learner.predict(rows, length)),
        body: () => timed('weights copied out', () => learner.body()),
      }
    },
  }
}

const engine = await openEngine('onnx', { threads: Number(values.threads), allowSoftware: false })
const model = await readModelDirectory(values.base)
const startedAt = performance.now()
const dataset = await timed('dataset read', () => openTrainingData(values.data, {}))
const changes = values.steps === '' ? {} : { steps: Number(values.steps) }
const { plan } = await timed('plan chosen', () => planFor({ model, dataset, recipe: 'auto', changes }))
const learning = performance.now()
const result = await runTrain(
  { model, head: null, dataset, plan, snapshotEveryMs: 30_000 },
  {
    engine: timeLearners(engine),
    now: () => performance.now(),
    availableMemory: () => process.availableMemory(),
    peakMemory: () => process.resourceUsage().maxRSS * 1_024,
    checkAborted: () => {},
    onProgress: () => {
      if (!spent.has('before the first step')) spent.set('before the first step', performance.now() - learning)
    },
    onSnapshot: () => {},
  },
)
const total = performance.now() - startedAt
const computing = [...spent].filter(([what]) => what.startsWith('engine: ')).reduce((sum, [, ms]) => sum + ms, 0)
console.log(
  `${result.rows} rows, ${result.steps} steps of ${plan.batch} x ${plan.accumulation}, ${plan.maxTokens} tokens at most`,
)
for (const [what, ms] of spent) console.log(`  ${what}: ${Math.round(ms)} ms`)
console.log(`  whole: ${Math.round(total)} ms, ${((100 * computing) / total).toFixed(1)}% of it in the engine`)
await engine.close()
