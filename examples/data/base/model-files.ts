import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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
