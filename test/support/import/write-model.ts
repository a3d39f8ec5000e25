import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeFloats } from '../../../src/checkpoint/float-tensor.ts'
import { FLOAT_BYTES, type FloatDtype } from '../../../src/floats/dtypes.ts'
import type { Weights } from '../../../src/ports/trainer.ts'
import { createBody } from '../../../src/training/initial-weights.ts'

export const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b', 'the', '##s', 'run', '.', ',']
export const CONFIG = {
  _name_or_path: 'somebody/model',
  architectures: ['BertForSequenceClassification'],
  model_type: 'bert',
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  hidden_act: 'gelu',
  max_position_embeddings: 16,
  type_vocab_size: 2,
  vocab_size: WORDS.length,
  id2label: { '0': 'bad', '1': 'good' },
  label2id: { bad: 0, good: 1 },
}

/** One tensor of a file, its bytes made already. */
export interface RawTensor {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** A body of random weights, names as `BertModel` has them. */
export function randomBody(seed = 1, options: { pooler?: boolean } = {}): readonly Weights[] {
  return createBody(CONFIG, { seed, pooler: options.pooler ?? true })
}

export function rawFloats({ name, shape, data }: Weights, dtype: FloatDtype | 'F64' = 'F32'): RawTensor {
  if (dtype === 'F64') {
    return { name, dtype, shape, bytes: new Uint8Array(Float64Array.from(data).buffer) }
  }
  const bytes = new Uint8Array(data.length * FLOAT_BYTES[dtype])
  encodeFloats({ name, dtype }, data, bytes)
  return { name, dtype, shape, bytes }
}

export function positionIds(name = 'embeddings.position_ids'): RawTensor {
  const ids = BigInt64Array.from({ length: CONFIG.max_position_embeddings }, (_, i) => BigInt(i))
  return { name, dtype: 'I64', shape: [1, ids.length], bytes: new Uint8Array(ids.buffer) }
}

/** A safetensors file as other tools write it: in the given order, with spaces and escapes, without alignment. */
export function looseFile(tensors: readonly RawTensor[], metadata: Readonly<Record<string, string>> = {}): Buffer {
  let next = 0
  const entries = tensors.map(({ name, dtype, shape, bytes }) => {
    const offsets = [next, next + bytes.length]
    next += bytes.length
    return [name, { data_offsets: offsets, dtype, shape }]
  })
  const json = Buffer.from(JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries]), null, 1))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, ...tensors.map(({ bytes }) => bytes)])
}

/** Writes a model directory: config.json, vocab.txt and the given files. */
export async function writeModel(
  directory: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  config: Readonly<Record<string, unknown>> = CONFIG,
): Promise<string> {
  await mkdir(directory, { recursive: true })
  const vocabulary = WORDS.map((word) => `${word}\n`).join('')
  const all = { 'config.json': JSON.stringify(config), 'vocab.txt': vocabulary, ...files }
  for (const [name, content] of Object.entries(all)) await writeFile(join(directory, name), content)
  return directory
}
