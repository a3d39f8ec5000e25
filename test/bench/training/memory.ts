import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ENGINE_NAMES } from '../../../src/engines/names.ts'
import { openEngine } from '../../../src/engines/open-engine.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { startingHead } from '../../../src/training/classifier.ts'
import { checkBody } from '../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import { createBody } from '../../../src/training/initial-weights.ts'
import { estimateMemory } from '../../../src/training/memory.ts'
import { completePlan } from '../../../src/training/plan.ts'

// Memory of a training: that it doesn't grow, and how near the estimate is. Each engine in a process of its own:
//   node --conditions=coldmesh-source test/bench/training/memory.ts [--engines onnx,tfjs-wasm] [--steps 2000]
//     [--layers 2 --hidden 32 --heads 2 --vocabulary 200 --batch 8 --length 16 --freeze 1] [--software]
// Prints the resident memory after 100, 1,000 and all steps; with few steps, the peak beside the estimate. `--software` lets engines for
// GPUs take a driver in software.

const { values } = parseArgs({
  options: {
    engines: { type: 'string', default: ENGINE_NAMES.join(',') },
    freeze: { type: 'string', default: '' },
    alone: { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
    steps: { type: 'string', default: '2000' },
    layers: { type: 'string', default: '2' },
    hidden: { type: 'string', default: '32' },
    heads: { type: 'string', default: '2' },
    vocabulary: { type: 'string', default: '200' },
    batch: { type: 'string', default: '8' },
    length: { type: 'string', default: '16' },
  },
})
const SAMPLES = [100, 1_000, 2_000, 4_000, 8_000]
const LABELS = ['a', 'b']

if (values.alone) await measure(values.engines)
else for (const engine of values.engines.split(',')) inOwnProcess(engine)

function inOwnProcess(engine: string): void {
  const given = process.argv.slice(2).filter((text, at, all) => text !== '--engines' && all[at - 1] !== '--engines')
  const args = ['--conditions=coldmesh-source', '--expose-gc', fileURLToPath(import.meta.url), ...given]
  execFileSync(process.execPath, [...args, '--engines', engine, '--alone'], { stdio: 'inherit' })
}

async function measure(name: string): Promise<void> {
  const engine = await open(name)
  if (engine === null) return
  const [batch, length, steps] = [Number(values.batch), Number(values.length), Number(values.steps)]
  const raw = {
    ...{ model_type: 'bert', type_vocab_size: 2, max_position_embeddings: 512 },
    ...{ vocab_size: Number(values.vocabulary), hidden_size: Number(values.hidden) },
    ...{ num_hidden_layers: Number(values.layers), num_attention_heads: Number(values.heads) },
    intermediate_size: 4 * Number(values.hidden),
  }
  const config = readEncoderConfig(raw)
  const body = createBody(raw, { seed: 1, pooler: true })
  const shape = { config, body: checkBody(config, body), classes: LABELS.length }
  const plan = completePlan({ batch, maxTokens: length, freeze: values.freeze === '' ? null : Number(values.freeze) })
  const head = startingHead(shape, null, { labels: LABELS }, 1).weights
  const learner = await engine.createLearner({ shape, body, head, plan, batch, longest: length })
  const rows = Array.from({ length: batch }, (_, row) => ({
    ids: Array.from({ length }, (_, place) => 5 + ((row * 31 + place * 7) % (config.vocabSize - 5))),
    label: row % LABELS.length,
  }))
  process.stdout.write(name)
  for (let step = 1; step <= steps; step++) {
    await learner.learn(rows, length)
    learner.step({ body: 1e-4, head: 1e-4 })
    if (SAMPLES.includes(step) || step === steps) process.stdout.write(`  ${step}: ${megabytes(residentBytes())}`)
  }
  await learner.release()
  await engine.close()
  const estimated = estimateMemory({ config, body, plan, rows: batch, engine: name })
  const peak = process.resourceUsage().maxRSS * 1_024
  console.log(`  peak ${megabytes(peak)}, estimated ${megabytes(estimated)}`)
}

async function open(name: string) {
  const known = ENGINE_NAMES.find((engine) => engine === name)
  if (known === undefined) throw new Error(`there is no engine ${name}`)
  try {
    return await openEngine(known, { threads: 1, allowSoftware: values.software })
  } catch (error) {
    if (!isColdmeshError(error)) throw error
    console.log(`${name}: not here (${error.message})`)
    return null
  }
}

function residentBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
