import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeLayout } from '../../../src/checkpoint/layout.ts'
import { encodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import { createBody } from '../../../src/training/initial-weights.ts'

const SHIPPED = join(import.meta.dirname, '../../../examples/data/base/model')
const MINI_LM = {
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  vocab_size: 30_522,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  pad_token_id: 0,
}

/** A base of MiniLM's shape, 91 MB of F32, with random weights and the shipped tokenizer. */
export async function writeLargeBase(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const body = createBody(MINI_LM, { seed: 1, pooler: true })
  const layout = encodeLayout(
    body.map(({ name, shape }) => ({ name, shape, dtype: 'F32' })),
    { format: 'pt' },
  )
  await writeFile(join(directory, 'model.safetensors'), encodeCheckpoint(layout, body))
  await writeFile(join(directory, 'config.json'), JSON.stringify(MINI_LM))
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(SHIPPED, name), join(directory, name))
}
