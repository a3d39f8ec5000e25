import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { normalFrom, randomFrom } from './random.ts'

/** One F32 tensor. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export const CONFIG = {
  architectures: ['BertModel'],
  attention_probs_dropout_prob: 0.1,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  hidden_size: 128,
  initializer_range: 0.02,
  intermediate_size: 512,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 128,
  model_type: 'bert',
  num_attention_heads: 2,
  num_hidden_layers: 2,
  pad_token_id: 0,
  position_embedding_type: 'absolute',
  type_vocab_size: 2,
  vocab_size: 8192,
}

/** Names and shapes of the body, in the order of `BertModel.state_dict()`. */
export function bodyLayout(): { name: string; shape: number[] }[] {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers } = CONFIG
  const norm = (name: string) => [
    { name: `${name}.weight`, shape: [hidden] },
    { name: `${name}.bias`, shape: [hidden] },
  ]
  const linear = (name: string, outputs: number, inputs: number) => [
    { name: `${name}.weight`, shape: [outputs, inputs] },
    { name: `${name}.bias`, shape: [outputs] },
  ]
  return [
    { name: 'embeddings.word_embeddings.weight', shape: [CONFIG.vocab_size, hidden] },
    { name: 'embeddings.position_embeddings.weight', shape: [CONFIG.max_position_embeddings, hidden] },
    { name: 'embeddings.token_type_embeddings.weight', shape: [CONFIG.type_vocab_size, hidden] },
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: layers }, (_, index) => {
      const layer = `encoder.layer.${index}`
      return [
        ...['query', 'key', 'value'].flatMap((part) => linear(`${layer}.attention.self.${part}`, hidden, hidden)),
        ...linear(`${layer}.attention.output.dense`, hidden, hidden),
        ...norm(`${layer}.attention.output.LayerNorm`),
        ...linear(`${layer}.intermediate.dense`, inner, hidden),
        ...linear(`${layer}.output.dense`, hidden, inner),
        ...norm(`${layer}.output.LayerNorm`),
      ]
    }).flat(),
    ...linear('pooler.dense', hidden, hidden),
  ]
}

/** BERT's initialisation: normal with deviation 0.02, biases 0, LayerNorm gains 1, the padding row 0. */
export function randomBody(seed: number): Tensor[] {
  const normal = normalFrom(randomFrom(seed))
  return bodyLayout().map(({ name, shape }) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
    if (name.endsWith('LayerNorm.weight')) data.fill(1)
    else if (!name.endsWith('.bias')) data.forEach((_, at) => (data[at] = normal() * CONFIG.initializer_range))
    if (name.includes('word_embeddings')) data.fill(0, 0, CONFIG.hidden_size)
    return { name, shape, data }
  })
}

/** Canonical safetensors: compact header in the order of `tensors`, padded by spaces to 8 bytes, data without holes. */
export function encodeSafetensors(tensors: readonly Tensor[]): Uint8Array {
  let offset = 0
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  for (const { name, shape, data } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const text = JSON.stringify(header)
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8, ' '))
  const file = new Uint8Array(8 + json.length + offset)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  let at = 8 + json.length
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}

/** Reads what `encodeSafetensors` wrote. */
export function decodeSafetensors(file: Uint8Array): Tensor[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const start = 8 + Number(view.getBigUint64(0, true))
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    new TextDecoder().decode(file.subarray(8, start)),
  )
  return Object.entries(header).flatMap(([name, entry]) => {
    if (name === '__metadata__') return []
    const [begin, end] = entry.data_offsets
    return [{ name, shape: entry.shape, data: new Float32Array(file.slice(start + begin, start + end).buffer) }]
  })
}

export function writeModel(folder: string, body: readonly Tensor[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(CONFIG, null, 2)}\n`)
  writeFileSync(join(folder, 'model.safetensors'), encodeSafetensors(body))
}

export function readBody(folder: string): Tensor[] {
  return decodeSafetensors(readFileSync(join(folder, 'model.safetensors')))
}
