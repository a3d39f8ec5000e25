import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openOnnxEngine } from '../../../src/adapters/onnx/index.ts'
import { checkBertBody, readBertConfig, withDropout } from '../../../src/training/bert-config.ts'
import { startingHead } from '../../../src/training/classifier.ts'
import { createBertBody } from '../../../src/training/initial-weights.ts'
import { completePlan } from '../../../src/training/plan.ts'
import { createRandom } from '../../../src/training/random.ts'

// Tokens a second of finetuning (forward, backward, clipping, AdamW) on one batch, beside PyTorch on the same batch in the same run:
//   COLDMESH_PYTHON=python3 node --conditions=coldmesh-source test/bench/training/bench.ts [--threads 2] [--repeats 3]
// COLDMESH_PYTHON names a Python with torch and transformers; without it only this engine is measured.

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    steps: { type: 'string', default: '100' },
    python: { type: 'string', default: process.env['COLDMESH_PYTHON'] ?? '' },
  },
})
const WARMUP_STEPS = 10
const CLASSES = 4
const RATE = 1e-4

interface Case {
  readonly name: string
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly vocabulary: number
  readonly batch: number
  readonly length: number
}

const CASES: readonly Case[] = [
  {
    name: 'L2/H128, vocabulary 4,096, 32 x 32',
    layers: 2,
    hidden: 128,
    heads: 2,
    vocabulary: 4_096,
    batch: 32,
    length: 32,
  },
]

function createJob({ layers, hidden, heads, vocabulary, batch, length }: Case, dropout: number) {
  const random = createRandom(1, 'bench')
  const config = {
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: hidden * 4,
    max_position_embeddings: 128,
    hidden_act: 'gelu',
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
  }
  return {
    config,
    classes: CLASSES,
    rate: RATE,
    threads: Number(values.threads),
    steps: Number(values.steps),
    warmup: WARMUP_STEPS,
    ids: Array.from({ length: batch }, () => Array.from({ length }, () => 1 + random.below(vocabulary - 1))),
    labels: Array.from({ length: batch }, () => random.below(CLASSES)),
  }
}
type Job = ReturnType<typeof createJob>

/** Of one step. CPU seconds, over all threads, also tell on a machine that does other things meanwhile. */
interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
}

async function runOurs(job: Job): Promise<Cost> {
  const plan = completePlan({ seed: 1 })
  const body = createBertBody({ ...job.config, model_type: 'bert' }, { seed: 1, pooler: true })
  const config = withDropout(readBertConfig({ ...job.config, model_type: 'bert' }), null)
  const shape = { config, body: checkBertBody(config, body), classes: CLASSES }
  const labels = Array.from({ length: CLASSES }, (_, index) => String(index))
  const [length, batch] = [job.ids[0]?.length ?? 0, job.ids.length]
  const learner = await (await openOnnxEngine({ threads: job.threads })).createLearner({
    shape,
    body,
    head: startingHead(shape, null, labels, 1).weights,
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
  return { seconds, cpuSeconds: (user + system) / 1e6 / job.steps }
}

async function runTorch(job: Job): Promise<Cost> {
  const script = fileURLToPath(new URL('torch_bench.py', import.meta.url))
  const child = spawn(values.python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(job))
  const { seconds, cpuSeconds } = JSON.parse(await text(child.stdout))
  return { seconds: Number(seconds), cpuSeconds: Number(cpuSeconds) }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

function describe(costs: readonly Cost[], tokens: number): string {
  const rate = Math.round(tokens / median(costs.map(({ seconds }) => seconds)))
  const cpuRate = Math.round(tokens / median(costs.map(({ cpuSeconds }) => cpuSeconds)))
  return `${rate} tokens/s, ${cpuRate} a CPU second`
}

for (const which of CASES) {
  for (const dropout of [0, 0.1]) {
    const job = createJob(which, dropout)
    const tokens = which.batch * which.length
    const ours: Cost[] = []
    const torch: Cost[] = []
    // Taking turns: what else the machine does hits both alike.
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      ours.push(await runOurs(job))
      if (values.python !== '') torch.push(await runTorch(job))
    }
    console.log(`${which.name}, dropout ${dropout}, ${job.threads} thread(s)`)
    console.log(`  coldmesh  ${describe(ours, tokens)}`)
    if (torch.length === 0) continue
    const ratio = (part: keyof Cost) => median(torch.map((cost, index) => cost[part] / (ours[index]?.[part] ?? 0)))
    console.log(`  PyTorch   ${describe(torch, tokens)}`)
    console.log(`  ratio     ${ratio('seconds').toFixed(2)}, by CPU time ${ratio('cpuSeconds').toFixed(2)}`)
  }
}
