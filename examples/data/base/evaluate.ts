// Compares the shipped base with the same architecture with random weights, on every task: frozen, finetuned and
// finetuned on 100 rows.
//   node --conditions=coldmesh-source examples/data/base/evaluate.ts [--model DIR] [--tasks A,B] [--modes A,B] [--seeds N] [--threads N]
//     [--json FILE]
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { completePlan, createTrainer, type Model, readModelDirectory, type TrainingPlan } from 'coldmesh'
import { createBody } from '../../../src/training/initial-weights.ts'
import { fewRows, readTasks, type Task } from './task-files.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(import.meta.dirname, 'model') },
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    tasks: { type: 'string', default: '' },
    modes: { type: 'string', default: 'frozen,full,few-shot' },
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
  dropout: 0.1,
  validationFraction: 0.1,
  evaluateEvery: 0,
  patience: 0,
  minGain: 0,
} as const
const FEW_ROWS = 100
const MODES = ['frozen', 'full', 'few-shot'] as const
type Mode = (typeof MODES)[number]

/** For each base and task, the better of a mode's plans on the validation rows of seed 1. */
const PLANS: Readonly<Record<Mode, readonly Partial<TrainingPlan>[]>> = {
  frozen: [10, 50].map((headRate) => ({ ...SHARED, mode: 'frozen', learningRate: 1e-3, headRate, steps: 600 })),
  full: [5e-4, 1e-3].map((learningRate) => ({ ...SHARED, mode: 'full', learningRate, headRate: 4, steps: 150 })),
  'few-shot': [{ ...SHARED, mode: 'full', learningRate: 5e-4, headRate: 4, steps: 60 }],
}

const shipped = await readModelDirectory(values.model)
const modes = MODES.filter((mode) => values.modes.split(',').includes(mode))
const wanted = values.tasks === '' ? null : values.tasks.split(',')
const tasks = (await readTasks()).filter(({ name }) => wanted === null || wanted.includes(name))
const trainer = await createTrainer({ threads: Number(values.threads) })
const results: Record<string, Record<string, Summary>> = {}
for (const task of tasks) {
  const row: Record<string, Summary> = {}
  for (const mode of modes) {
    for (const base of ['random', 'pretrained']) {
      const modelOf = (seed: number) =>
        base === 'pretrained' ? shipped : { ...shipped, body: createBody(shipped.config, { seed, pooler: true }) }
      let best = null
      for (const plan of PLANS[mode]) {
        const tried = await measure(task, mode, modelOf(1), completePlan({ ...plan, seed: 1, maxTokens: task.maxTokens }))
        if (best === null || tried.validation > best.validation) best = tried
      }
      if (best === null) throw new Error('a mode has plans')
      const tests = [best.test]
      for (let seed = 2; seed <= Number(values.seeds); seed++) {
        tests.push((await measure(task, mode, modelOf(seed), { ...best.plan, seed })).test)
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

async function measure(task: Task, mode: Mode, model: Model, plan: TrainingPlan) {
  const dataset = mode === 'few-shot' ? fewRows(task.dataset, { rows: FEW_ROWS, seed: plan.seed }) : task.dataset
  const { body, head, validation } = await trainer.train({ model, head: null, dataset, plan })
  const trained = { ...model, body }
  const { score } = await trainer.evaluate({ model: trained, head, examples: task.test, maxTokens: plan.maxTokens })
  return { plan, validation: validation.after, test: score }
}

interface Summary {
  readonly mean: number
  /** Of the mean. */
  readonly error: number
  /** By seed. */
  readonly accuracies: readonly number[]
}

function summary(sample: readonly number[]): Summary {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length
  const squares = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, accuracies: sample, error: sample.length < 2 ? 0 : Math.sqrt(squares / (sample.length - 1) / sample.length) }
}

function percent(share: number): string {
  return (100 * share).toFixed(1)
}
