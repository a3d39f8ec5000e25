// Compares the shipped base with the same architecture with random weights, on every task, frozen and finetuned.
//   node --conditions=coldmesh-source examples/data/base/evaluate.ts [--model DIR] [--seeds N] [--threads N] [--json FILE]
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createTrainer, type Model, readModelDirectory, type TrainingPlan } from 'coldmesh'
import { createBertBody } from '../../../src/training/initial-weights.ts'
import { readTasks, type Task } from './task-files.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(import.meta.dirname, 'model') },
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    tasks: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})

const SHARED = {
  optimizer: 'adamw',
  weightDecay: 0.01,
  warmup: 0.1,
  batch: 32,
  accumulation: 1,
  clipNorm: 1,
  maxTokens: 32,
  dropout: 0.1,
  validationFraction: 0.1,
  evaluateEvery: 0,
  patience: 0,
  minGain: 0,
} as const
/** For each base and task, the better of a mode's plans on the validation rows of seed 1. */
const PLANS: Readonly<Record<TrainingPlan['mode'], readonly Omit<TrainingPlan, 'seed'>[]>> = {
  frozen: [10, 50].map((headRate) => ({ ...SHARED, mode: 'frozen', learningRate: 1e-3, headRate, steps: 600 })),
  full: [5e-4, 1e-3].map((learningRate) => ({ ...SHARED, mode: 'full', learningRate, headRate: 4, steps: 150 })),
}

const shipped = await readModelDirectory(values.model)
const wanted = values.tasks === '' ? null : values.tasks.split(',')
const tasks = (await readTasks()).filter(({ name }) => wanted === null || wanted.includes(name))
const trainer = await createTrainer({ threads: Number(values.threads) })
const results: Record<string, Record<string, { mean: number; error: number }>> = {}
for (const task of tasks) {
  const row: Record<string, { mean: number; error: number }> = {}
  for (const mode of ['frozen', 'full'] as const) {
    for (const base of ['random', 'pretrained']) {
      const modelOf = (seed: number) =>
        base === 'pretrained' ? shipped : { ...shipped, body: createBertBody(shipped.config, { seed, pooler: true }) }
      let best = null
      for (const plan of PLANS[mode]) {
        const tried = await measure(task, modelOf(1), { ...plan, seed: 1 })
        if (best === null || tried.validation > best.validation) best = tried
      }
      if (best === null) throw new Error('a mode has plans')
      const tests = [best.test]
      for (let seed = 2; seed <= Number(values.seeds); seed++) {
        tests.push((await measure(task, modelOf(seed), { ...best.plan, seed })).test)
      }
      row[`${base} ${mode}`] = summary(tests)
    }
  }
  results[task.name] = row
  console.log(
    `| ${task.name} (${task.role}) | ${percent(task.baselines.majority)} | ${percent(task.baselines.tfidf)} | ` +
      `${Object.values(row)
        .map(({ mean, error }) => `${percent(mean)} ± ${percent(error)}`)
        .join(' | ')} |`,
  )
}
await trainer.stop()
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)

async function measure(task: Task, model: Model, plan: TrainingPlan) {
  const { body, head, validation } = await trainer.train({ model, head: null, dataset: task.dataset, plan })
  const trained = { ...model, body }
  const { accuracy } = await trainer.evaluate({ model: trained, head, examples: task.test, maxTokens: plan.maxTokens })
  return { plan, validation: validation.after, test: accuracy }
}

/** Mean and standard error. */
function summary(sample: readonly number[]): { mean: number; error: number } {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length
  const squares = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, error: sample.length < 2 ? 0 : Math.sqrt(squares / (sample.length - 1) / sample.length) }
}

function percent(share: number): string {
  return (100 * share).toFixed(1)
}
