import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeLayout } from '../../../src/checkpoint/layout.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import type { Weights } from '../../../src/ports/trainer.ts'

/** config.json of the base. */
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

/** Canonical safetensors, tensors in the order of `body`. */
export function encodeBody(body: readonly Weights[]): Uint8Array {
  const specs = body.map(({ name, shape }) => ({ name, dtype: 'F32' as const, shape }))
  return encodeCheckpoint(encodeLayout(specs, { format: 'pt' }), body)
}

export function readBody(file: string): readonly Weights[] {
  return decodeCheckpoint(readFileSync(file)).weights
}

/** Writes config.json and model.safetensors; the tokenizer's files come from build-vocabulary.py. */
export function writeModel(folder: string, body: readonly Weights[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(CONFIG, null, 2)}\n`)
  writeFileSync(join(folder, 'model.safetensors'), encodeBody(body))
}
