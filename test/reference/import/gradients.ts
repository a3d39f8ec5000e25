import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openOnnxEngine } from '../../../src/adapters/onnx/index.ts'
import { decodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import type { Model } from '../../../src/ports/trainer.ts'
import { HEAD_BIAS, HEAD_WEIGHT } from '../../../src/training/classifier.ts'
import { checkBody } from '../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../src/training/encoders/read-config.ts'
import { createTextEncoder } from '../../../src/training/text-encoder.ts'

// node gradients.ts BASE OUT: what ONNX Runtime computes for a base. BASE/batch.json holds texts, labels and a head; OUT gets features.json (ids,
// features, loss, names and lengths of gradients) and gradients.bin (float32, one after the other).

interface Batch {
  readonly texts: readonly { readonly text: string; readonly pair?: string }[]
  readonly labels: readonly number[]
  readonly weight: readonly (readonly number[])[]
  readonly bias: readonly number[]
}

const [base = '', out = ''] = process.argv.slice(2)
const readJson = async (name: string) => JSON.parse(await readFile(join(base, name), 'utf8'))
const batch: Batch = await readJson('batch.json')
const { weights: body } = decodeCheckpoint(await readFile(join(base, 'model.safetensors')))
const model: Model = {
  config: await readJson('config.json'),
  tokenizer: await readJson('tokenizer.json'),
  tokenizerConfig: await readJson('tokenizer_config.json'),
  body,
}
const config = readEncoderConfig({
  ...model.config,
  ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, dropout: 0, attention_dropout: 0 },
  ...{ classifier_dropout: 0, seq_classif_dropout: 0 },
})
const shape = { config, body: checkBody(config, body), classes: batch.bias.length }
const encoder = createTextEncoder(model, { ...config, maxTokens: config.maxPositions })
const rows = batch.texts.map((text, row) => ({ ...encoder.encode(text), label: batch.labels[row] ?? 0 }))
const length = Math.max(...rows.map(({ ids }) => ids.length))
const engine = await openOnnxEngine({ threads: 1 })
const extractor = await engine.createExtractor({ shape, body })
const features = await extractor.features(rows, length)
const learner = await engine.createLearner({
  shape,
  body,
  head: [
    { name: HEAD_WEIGHT, shape: [shape.classes, config.hiddenSize], data: Float32Array.from(batch.weight.flat()) },
    { name: HEAD_BIAS, shape: [shape.classes], data: Float32Array.from(batch.bias) },
  ],
  plan: { weightDecay: 0, clipNorm: 0, accumulation: 1, seed: 1 },
  batch: rows.length,
  longest: length,
})
const loss = await learner.learn(rows, length)
const gradients = [...(await learner.gradients())]
await writeFile(
  join(out, 'features.json'),
  JSON.stringify({
    ids: rows.map(({ ids }) => Array.from(ids)),
    features: features.map((numbers) => Array.from(numbers)),
    loss,
    gradients: gradients.map(([name, { length }]) => [name, length]),
  }),
)
await writeFile(join(out, 'gradients.bin'), Buffer.concat(gradients.map(([, data]) => Buffer.from(data.buffer))))
process.exit()
