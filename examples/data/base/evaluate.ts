// Compares the shipped base with the same architecture with random weights, on every task, frozen and finetuned.
//   node --conditions=coldmesh-source examples/data/base/evaluate.ts [--model DIR] [--seeds N] [--threads N] [--json FILE]
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createOnnxTrainer, type Model, readModelDirectory, type TrainingPlan } from 'coldmesh'
import { createBertBody } from '../../../src/adapters/onnx/index.ts'
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
const PLANS: readonly Omit<TrainingPlan, 'seed'>[] = [
  { ...SHARED, mode: 'frozen', learningRate: 1e-3, headRate: 10, steps: 400 },
  { ...SHARED, mode: 'full', learningRate: 5e-4, headRate: 5, steps: 200 },
]

const shipped = await readModelDirectory(values.model)
const wanted = values.tasks === '' ? null : values.tasks.split(',')
const tasks = (await readTasks()).filter(({ name }) => wanted === null || wanted.includes(name))
const trainer = await createOnnxTrainer({ threads: Number(values.threads) })
const results: Record<string, Record<string, { mean: number; error: number }>> = {}
for (const task of tasks) {
  const row: Record<string, { mean: number; error: number }> = {}
  for (const plan of PLANS) {
    for (const base of ['random', 'pretrained']) {
      const accuracies: number[] = []
      for (let seed = 1; seed <= Number(values.seeds); seed++) {
        const body = base === 'pretrained' ? shipped.body : createBertBody(shipped.config, { seed, pooler: true })
        accuracies.push(await accuracyOf(task, { ...shipped, body }, { ...plan, seed }))
      }
      row[`${base} ${plan.mode}`] = summary(accuracies)
    }
  }
  results[task.name] = row
  console.log(
    `| ${task.name} (${task.role}) | ${percent(task.baselines.majority)} | ${percent(task.baselines.tfidf)} | ` +
      `${Object.values(row).map(({ mean, error }) => `${percent(mean)} ± ${percent(error)}`).join(' | ')} |`,
  )
}
await trainer.stop()
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)

async function accuracyOf(task: Task, model: Model, plan: TrainingPlan): Promise<number> {
  const { body, head } = await trainer.train({ model, head: null, dataset: task.dataset, plan })
  const { accuracy } = await trainer.evaluate({
    model: { ...model, body },
    head,
    examples: task.test,
    maxTokens: plan.maxTokens,
  })
  return accuracy
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
