import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ENGINE_NAMES } from '../../../src/engines/names.ts'
import { openEngine } from '../../../src/engines/open-engine.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { CASES, type Cost, createJob, type Job, WHOLE } from './job.ts'

// Tokens a second of finetuning (forward, backward, clipping, AdamW) on one batch: every engine that works here, each beside
// PyTorch on the same batch in the same run (without it, beside ONNX Runtime):
//   COLDMESH_PYTHON=python3 node --conditions=coldmesh-source test/bench/training/bench.ts [--threads 2] [--repeats 3] [--engines onnx,tfjs-wasm] [--case MiniLM]
// COLDMESH_PYTHON names a Python with torch and transformers; without it only engines are measured.

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    steps: { type: 'string', default: '100' },
    case: { type: 'string', default: '' },
    engines: { type: 'string', default: ENGINE_NAMES.join(',') },
    python: { type: 'string', default: process.env['COLDMESH_PYTHON'] ?? '' },
  },
})
/** Steps of an engine that is slower than ONNX Runtime, as a part of its: they are alike. */
const SLOW_SHARE = 0.1
const PYTORCH = 'PyTorch'
const ONNX = 'onnx'

async function run(command: string, args: readonly string[], job: Job): Promise<Cost> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(job))
  return JSON.parse(await text(child.stdout))
}

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const runTorch = (job: Job) => run(values.python, [fileOf('torch_bench.py')], job)
const runEngine = (name: string, job: Job) =>
  run(process.execPath, ['--conditions=coldmesh-source', fileOf('run-engine.ts'), name], job)

/** Those of the engines asked for that work here. */
async function workingEngines(): Promise<string[]> {
  const wanted = new Set(values.engines.split(','))
  const working: string[] = []
  for (const name of ENGINE_NAMES.filter((name) => wanted.has(name))) {
    try {
      const engine = await openEngine(name, { threads: 1, allowSoftware: false })
      await engine.close()
      working.push(name)
    } catch (error) {
      if (!isColdmeshError(error)) throw error
      console.log(`${name}: not here (${error.message})`)
    }
  }
  return working
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

function describe(costs: readonly Cost[], tokens: number): string {
  const rate = Math.round(tokens / median(costs.map(({ seconds }) => seconds)))
  const cpuRate = Math.round(tokens / median(costs.map(({ cpuSeconds }) => cpuSeconds)))
  const peak = median(costs.map(({ peakBytes }) => peakBytes)) / 1e6
  return `${rate} tokens/s, ${cpuRate} a CPU second, ${peak.toFixed(0)} MB at most`
}

function printRatio(name: string, costs: readonly Cost[], reference: readonly Cost[]): void {
  const ratio = (part: keyof Cost) => median(costs.map((cost, index) => (reference[index]?.[part] ?? 0) / cost[part]))
  console.log(
    `    ${name} / ${yardstick}: ${ratio('seconds').toFixed(3)}, by CPU time ${ratio('cpuSeconds').toFixed(3)}, ` +
      `peak memory ${(1 / ratio('peakBytes')).toFixed(3)}`,
  )
}

const order: readonly string[] = ENGINE_NAMES
const isSlow = (name: string) => order.indexOf(name) > order.indexOf(ONNX)
const yardstick = values.python === '' ? ONNX : PYTORCH
const threads = Number(values.threads)
const working = await workingEngines()
const engines = working.includes(ONNX) ? [WHOLE, ...working] : working
for (const which of CASES.filter(({ name }) => name.includes(values.case))) {
  for (const dropout of [0, 0.1]) {
    const job = createJob(which, { dropout, threads, steps: Math.ceil(Number(values.steps) * which.share) })
    const costs = new Map<string, Cost[]>()
    // Taking turns: what else the machine does hits all alike.
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      for (const engine of engines) {
        const steps = isSlow(engine) ? Math.ceil(job.steps * SLOW_SHARE) : job.steps
        costs.set(engine, [...(costs.get(engine) ?? []), await runEngine(engine, { ...job, steps })])
      }
      if (values.python !== '') costs.set(PYTORCH, [...(costs.get(PYTORCH) ?? []), await runTorch(job)])
    }
    console.log(`${which.name}, dropout ${dropout}, ${threads} thread(s)`)
    const reference = costs.get(yardstick) ?? []
    for (const [name, found] of costs) {
      console.log(`  ${name}: ${describe(found, which.batch * which.length)}`)
      if (name !== yardstick) printRatio(name, found, reference)
    }
  }
}
