// Pretrains the small base: see README.md beside this file.
//   node examples/data/base/pretrain.ts CORPUS.jsonl OUT [--steps N] [--threads N]
// Goes on from OUT/progress.json when it is there.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Tokenizer } from '@huggingface/tokenizers'
import { createBertBody } from '../../../src/adapters/onnx/initial-weights.ts'
import { rateFactor } from '../../../src/training/schedule.ts'
import type { Entry } from './corpus.ts'
import { type BatchOptions, epochBatches, type TokenizedEntry } from './mlm-batches.ts'
import { createMlmTrainer } from './mlm-trainer.ts'
import { CONFIG, decodeSafetensors, encodeSafetensors } from './model-files.ts'

const SEED = 1
const TOKENS = 2048
const LENGTHS = [12, 16, 20, 24, 32, 48, 64, 128]
const LEARNING_RATE = 1e-3
const WARMUP = 0.02
const PROSE_SHARE = 0.5
const REPORT_EVERY = 200
const SAVE_EVERY = 2000
/** After a restart the optimizer's moments begin anew, so the rate grows over this many steps again. */
const RAMP_STEPS = 100

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: 'string', default: '30000' }, threads: { type: 'string', default: '1' } },
})
const [corpusFile, out] = positionals
if (corpusFile === undefined || out === undefined) throw new Error('give the corpus and an output folder')
const steps = Number(values.steps)
mkdirSync(out, { recursive: true })

const folder = join(import.meta.dirname, 'model')
const json = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
const entries = tokenize(readFileSync(corpusFile, 'utf8').trim().split('\n'))
const done = readProgress()
const trainer = await createMlmTrainer({
  config: CONFIG,
  body: done?.body ?? createBertBody(CONFIG, { seed: SEED, pooler: true }),
  predictions: done?.predictions ?? null,
  seed: SEED,
  tokens: TOKENS,
  lengths: LENGTHS,
  targetShare: 0.15,
  weightDecay: 0.01,
  clipNorm: 1,
  threads: Number(values.threads),
})
console.log(JSON.stringify({ SEED, TOKENS, LENGTHS, LEARNING_RATE, WARMUP, PROSE_SHARE, steps, entries: entries.length }))
await run(done?.step ?? 0)

async function run(from: number): Promise<void> {
  let step = 0
  const recent: number[] = []
  let since = performance.now()
  for (let epoch = 0; step < steps; epoch++) {
    for (const batch of epochBatches(entries, epoch, batchOptions())) {
      if (step++ < from) continue // the same batches again, without work
      const ramp = Math.min(1, (step - from) / RAMP_STEPS)
      recent.push(await trainer.step(batch, LEARNING_RATE * ramp * rateFactor({ steps, warmup: WARMUP }, step - 1)))
      if (step % REPORT_EVERY === 0) {
        const loss = recent.splice(0).reduce((sum, value) => sum + value, 0) / REPORT_EVERY
        const seconds = (performance.now() - since) / 1000
        since = performance.now()
        console.log(`step ${step} epoch ${epoch} loss ${loss.toFixed(4)} ${Math.round((REPORT_EVERY * TOKENS) / seconds)} tokens/s`)
      }
      if (step % SAVE_EVERY === 0 || step === steps) save(step)
      if (step === steps) return
    }
  }
}

function batchOptions(): BatchOptions {
  const id = (token: string): number => json('tokenizer.json').model.vocab[token]
  const special = { pad: id('[PAD]'), cls: id('[CLS]'), sep: id('[SEP]'), mask: id('[MASK]') }
  return { seed: SEED, tokens: TOKENS, lengths: LENGTHS, vocabulary: CONFIG.vocab_size, special, proseShare: PROSE_SHARE }
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
  writeFileSync(join(out, 'body.safetensors'), encodeSafetensors(trainer.body()))
  writeFileSync(join(out, 'predictions.safetensors'), encodeSafetensors(trainer.predictions()))
  writeFileSync(join(out, 'progress.part'), JSON.stringify({ step }))
  renameSync(join(out, 'progress.part'), join(out, 'progress.json'))
}

function readProgress() {
  if (out === undefined || !existsSync(join(out, 'progress.json'))) return null
  const { step }: { step: number } = JSON.parse(readFileSync(join(out, 'progress.json'), 'utf8'))
  const tensors = (file: string) => decodeSafetensors(readFileSync(join(out, file)))
  return { step, body: tensors('body.safetensors'), predictions: tensors('predictions.safetensors') }
}
