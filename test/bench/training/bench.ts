import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ENGINE_NAMES } from '../../../src/engines/names.ts'
import { openEngine } from '../../../src/engines/open-engine.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import type { Engine } from '../../../src/training/engine.ts'
import { CASES, createJob, type Job } from './job.ts'
import { type Cost, runEngine } from './run-engine.ts'

// Tokens a second of finetuning (forward, backward, clipping, AdamW) on one batch: every engine that works here, each beside
// ONNX Runtime, and PyTorch on the same batch in the same run:
//   COLDMESH_PYTHON=python3 node --conditions=coldmesh-source test/bench/training/bench.ts [--threads 2] [--repeats 3] [--engines onnx,tfjs-wasm]
// COLDMESH_PYTHON names a Python with torch and transformers; without it only engines are measured.

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    steps: { type: 'string', default: '100' },
    engines: { type: 'string', default: ENGINE_NAMES.join(',') },
    python: { type: 'string', default: process.env['COLDMESH_PYTHON'] ?? '' },
  },
})
/** Steps of an engine that is slower than ONNX Runtime, as a part of its: they are alike. */
const SLOW_SHARE = 0.1
const REFERENCE = 'onnx'

async function openAll(threads: number): Promise<Engine[]> {
  const wanted = new Set(values.engines.split(','))
  const opened: Engine[] = []
  for (const name of ENGINE_NAMES.filter((name) => wanted.has(name))) {
    try {
      opened.push(await openEngine(name, { threads, allowSoftware: false }))
    } catch (error) {
      if (!isColdmeshError(error)) throw error
      console.log(`${name}: not here (${error.message})`)
    }
  }
  return opened
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

function printRatio(name: string, costs: readonly Cost[], reference: readonly Cost[]): void {
  const ratio = (part: keyof Cost) => median(costs.map((cost, index) => (reference[index]?.[part] ?? 0) / cost[part]))
  console.log(
    `    ${name} / ${REFERENCE}: ${ratio('seconds').toFixed(3)}, by CPU time ${ratio('cpuSeconds').toFixed(3)}`,
  )
}

const order: readonly string[] = ENGINE_NAMES
const isSlow = (name: string) => order.indexOf(name) > order.indexOf(REFERENCE)
const threads = Number(values.threads)
const engines = await openAll(threads)
for (const which of CASES) {
  for (const dropout of [0, 0.1]) {
    const job = createJob(which, { dropout, threads, steps: Number(values.steps) })
    const costs = new Map<string, Cost[]>()
    // Taking turns: what else the machine does hits all alike.
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      for (const engine of engines) {
        const steps = isSlow(engine.name) ? Math.ceil(job.steps * SLOW_SHARE) : job.steps
        costs.set(engine.name, [...(costs.get(engine.name) ?? []), await runEngine(engine, { ...job, steps })])
      }
      if (values.python !== '') costs.set('PyTorch', [...(costs.get('PyTorch') ?? []), await runTorch(job)])
    }
    console.log(`${which.name}, dropout ${dropout}, ${threads} thread(s)`)
    const reference = costs.get(REFERENCE) ?? []
    for (const [name, found] of costs) {
      console.log(`  ${name}: ${describe(found, which.batch * which.length)}`)
      if (name !== REFERENCE) printRatio(name, found, reference)
    }
  }
}
