// Pretrains the small base: see README.md beside this file.
//   node --conditions=coldmesh-source examples/data/base/pretrain.ts CORPUS.jsonl START.f32 OUT [--steps N | --minutes N] [--threads N]
// Goes on from OUT/progress.json when it is there.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Tokenizer } from '@huggingface/tokenizers'
import { createBody } from '../../../src/training/initial-weights.ts'
import type { Weights } from '../../../src/ports/trainer.ts'
import { rateFactor } from '../../../src/training/schedule.ts'
import type { Entry } from './corpus.ts'
import { type BatchOptions, epochBatches, type TokenizedEntry } from './mlm-batches.ts'
import { createMlmTrainer, createPredictions, PREDICTION_BIAS, WORD_EMBEDDINGS } from './mlm-trainer.ts'
import { CONFIG, encodeBody, readBody } from './model-files.ts'

const SEED = 1
const TOKENS = 2048
const LENGTHS = [12, 16, 20, 24, 32, 48, 64, 128]
const LEARNING_RATE = 1e-3
const WARMUP = 0.02
const PROSE_SHARE = 0.5
const REPORT_EVERY = 100
const SAVE_EVERY = 250
/** After a restart the optimizer's moments begin anew, so the rate grows over this many steps again. */
const RAMP_STEPS = 100

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '16000' },
    minutes: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
})
const [corpusFile, startFile, out] = positionals
if (corpusFile === undefined || startFile === undefined || out === undefined) {
  throw new Error('give the corpus, the word vectors to start from and an output folder')
}
/** With a time limit the rate falls with the time instead of the steps: for a busy machine. */
const limitMs = values.minutes === undefined ? null : Number(values.minutes) * 60_000
const steps = limitMs === null ? Number(values.steps) : Number.POSITIVE_INFINITY
mkdirSync(out, { recursive: true })

const folder = join(import.meta.dirname, 'model')
const json = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
const entries = tokenize(readFileSync(corpusFile, 'utf8').trim().split('\n'))
const { step: doneSteps, body, predictions } = readProgress() ?? { step: 0, ...readStart(startFile) }
const trainer = await createMlmTrainer({
  config: CONFIG,
  body,
  predictions,
  tokens: TOKENS,
  lengths: LENGTHS,
  targetShare: 0.15,
  weightDecay: 0.01,
  clipNorm: 1,
  threads: Number(values.threads),
})
console.log(
  JSON.stringify({ SEED, TOKENS, LENGTHS, LEARNING_RATE, WARMUP, PROSE_SHARE, steps, entries: entries.length }),
)
await run(doneSteps)

async function run(from: number): Promise<void> {
  let step = 0
  const recent: number[] = []
  const started = performance.now()
  let since = started
  for (let epoch = 0; step < steps; epoch++) {
    for (const batch of epochBatches(entries, epoch, batchOptions())) {
      if (step++ < from) continue // the same batches again, without work
      const ramp = Math.min(1, (step - from) / RAMP_STEPS)
      const spent = limitMs === null ? 0 : (performance.now() - started) / limitMs
      const factor = limitMs === null ? rateFactor({ steps, warmup: WARMUP , schedule: 'linear' }, step - 1) : Math.max(0, 1 - spent)
      recent.push(await trainer.step(batch, LEARNING_RATE * ramp * factor))
      if (step % REPORT_EVERY === 0) {
        const loss = recent.splice(0).reduce((sum, value) => sum + value, 0) / REPORT_EVERY
        const seconds = (performance.now() - since) / 1000
        since = performance.now()
        console.log(
          `step ${step} epoch ${epoch} loss ${loss.toFixed(4)} ${Math.round((REPORT_EVERY * TOKENS) / seconds)} tokens/s, rate ${(LEARNING_RATE * ramp * factor).toExponential(2)}`,
        )
      }
      const isLast = step === steps || spent >= 1
      if (step % SAVE_EVERY === 0 || isLast) save(step)
      if (isLast) return
    }
  }
}

function batchOptions(): BatchOptions {
  const id = (token: string): number => json('tokenizer.json').model.vocab[token]
  const special = { pad: id('[PAD]'), cls: id('[CLS]'), sep: id('[SEP]'), mask: id('[MASK]') }
  return {
    seed: SEED,
    tokens: TOKENS,
    lengths: LENGTHS,
    vocabulary: CONFIG.vocab_size,
    special,
    proseShare: PROSE_SHARE,
  }
}

function tokenize(lines: readonly string[]): TokenizedEntry[] {
  const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'))
  return lines.map((line) => {
    const { first, second, topics }: Entry = JSON.parse(line)
    const { ids, token_type_ids: types } = tokenizer.encode(first, {
      text_pair: second ?? null,
      return_token_type_ids: true,
    })
    const secondAt = types.indexOf(1)
    return {
      ids,
      secondAt: secondAt < 0 ? ids.length : secondAt,
      topics: topics.map((topic) => tokenizer.encode(topic, { add_special_tokens: false }).ids),
    }
  })
}

function save(step: number): void {
  if (out === undefined) return
  writeFileSync(join(out, 'body.safetensors'), encodeBody(trainer.body()))
  writeFileSync(join(out, 'predictions.safetensors'), encodeBody(trainer.predictions()))
  writeFileSync(join(out, 'progress.part'), JSON.stringify({ step }))
  renameSync(join(out, 'progress.part'), join(out, 'progress.json'))
}

/** A new body whose word embeddings, and a bias that, come from build-embeddings.py. */
function readStart(file: string): { body: Weights[]; predictions: Weights[] } {
  const floats = new Float32Array(new Uint8Array(readFileSync(file)).buffer)
  const { vocab_size: vocabulary, hidden_size: hidden } = CONFIG
  if (floats.length !== vocabulary * (hidden + 1)) throw new Error(`${file} is for another vocabulary`)
  const words = floats.slice(0, vocabulary * hidden)
  const bias = floats.slice(vocabulary * hidden)
  return {
    body: createBody(CONFIG, { seed: SEED, pooler: true }).map((tensor) =>
      tensor.name === WORD_EMBEDDINGS ? { ...tensor, data: words } : tensor,
    ),
    predictions: createPredictions(CONFIG, SEED).map((tensor) =>
      tensor.name === PREDICTION_BIAS ? { ...tensor, data: bias } : tensor,
    ),
  }
}

function readProgress() {
  if (out === undefined || !existsSync(join(out, 'progress.json'))) return null
  const { step }: { step: number } = JSON.parse(readFileSync(join(out, 'progress.json'), 'utf8'))
  return {
    step,
    body: readBody(join(out, 'body.safetensors')),
    predictions: readBody(join(out, 'predictions.safetensors')),
  }
}
