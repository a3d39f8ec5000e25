import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeLayout } from '../../../src/checkpoint/layout.ts'
import { encodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import type { FloatDtype } from '../../../src/floats/dtypes.ts'
import { createBody } from '../../../src/training/initial-weights.ts'

const SHIPPED = join(import.meta.dirname, '..', '..', '..', 'examples', 'data', 'base', 'model')

const CONFIG = {
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 64,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 64,
  type_vocab_size: 2,
  vocab_size: 8192, // no smaller than the shipped tokenizer's vocabulary
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  pad_token_id: 0,
}

/** A base of random weights (a megabyte in F32) with the shipped tokenizer: networks that train in a second. */
export async function writeTinyBase(
  directory: string,
  { seed = 1, dtype = 'F32' }: { readonly seed?: number; readonly dtype?: FloatDtype } = {},
): Promise<void> {
  await mkdir(directory, { recursive: true })
  const body = createBody(CONFIG, { seed, pooler: true })
  const layout = encodeLayout(
    body.map(({ name, shape }) => ({ name, shape, dtype })),
    { format: 'pt' },
  )
  await writeFile(join(directory, 'model.safetensors'), encodeCheckpoint(layout, body))
  await writeFile(join(directory, 'config.json'), JSON.stringify(CONFIG))
  await writeFile(join(directory, 'README.md'), '---\nlicense: apache-2.0\n---\n# Random weights\n')
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(SHIPPED, name), join(directory, name))
}
