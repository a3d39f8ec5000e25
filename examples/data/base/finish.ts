// Gives a pretrained body its pooler and writes the shipped model: see README.md beside this file.
//   node --conditions=coldmesh-source examples/data/base/finish.ts CORPUS.jsonl PRETRAINED [OUT]
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import { openOnnxEngine } from '../../../src/adapters/onnx/index.ts'
import { createTextEncoder } from '../../../src/training/text-encoder.ts'
import { EVALUATION_BATCH } from '../../../src/training/learner.ts'
import type { Weights } from '../../../src/ports/trainer.ts'
import type { Entry } from './corpus.ts'
import { CONFIG, readBody, writeModel } from './model-files.ts'
import { whitening } from './whitening.ts'

const MAX_TOKENS = 32
const TEXTS = 8192
/** Small enough that tanh is close to a line for most texts. */
const SCALE = 0.5
const FLOOR = 0.1

const model = join(import.meta.dirname, 'model')
const [corpusFile, pretrained, out = model] = process.argv.slice(2)
if (corpusFile === undefined || pretrained === undefined) throw new Error('give the corpus and the pretraining folder')

const body = readBody(join(pretrained, 'body.safetensors'))
const features = await firstTokenFeatures(
  body.filter(({ name }) => !name.startsWith('pooler.')),
  readFileSync(corpusFile, 'utf8').trim().split('\n').slice(0, TEXTS),
)
const { weight, bias } = whitening(features, { scale: SCALE, floor: FLOOR })
writeModel(
  out,
  body.map((tensor) => {
    if (tensor.name === 'pooler.dense.weight') return { ...tensor, data: weight }
    return tensor.name === 'pooler.dense.bias' ? { ...tensor, data: bias } : tensor
  }),
)

/** What the last layer makes of [CLS], without the pooler. */
async function firstTokenFeatures(weights: readonly Weights[], lines: readonly string[]): Promise<Float32Array[]> {
  const config = readEncoderConfig(CONFIG)
  const read = (file: string) => JSON.parse(readFileSync(join(model, file), 'utf8'))
  const encoder = createTextEncoder(
    { tokenizer: read('tokenizer.json'), tokenizerConfig: read('tokenizer_config.json') },
    { maxTokens: MAX_TOKENS, ...config },
  )
  const rows = lines.map((line) => {
    const { first, second }: Entry = JSON.parse(line)
    return encoder.encode(second === undefined ? { text: first } : { text: first, pair: second })
  })
  const engine = await openOnnxEngine({ threads: 1 })
  const shape = { config, body: { prefix: '', pooler: false }, classes: 2 }
  const extractor = await engine.createExtractor({ shape, body: weights })
  const found: Float32Array[] = []
  for (let start = 0; start < rows.length; start += EVALUATION_BATCH) {
    found.push(...(await extractor.features(rows.slice(start, start + EVALUATION_BATCH), MAX_TOKENS)))
  }
  await extractor.release()
  return found
}
