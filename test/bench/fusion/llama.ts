import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TensorSpec } from '../../../src/checkpoint/layout.ts'

/** A model that mergekit knows: its own tables say which tensors it has. */
interface Llama {
  readonly hidden_size: number
  readonly intermediate_size: number
  readonly num_hidden_layers: number
  readonly vocab_size: number
}

const FLOAT_BYTES = 4

/** Of about so many bytes of F32. */
export function llamaOf(bytes: number): Llama {
  const hidden = bytes < 300e6 ? 512 : bytes < 1.5e9 ? 1024 : 2048
  const shape = { hidden_size: hidden, intermediate_size: (hidden * 11) / 4, vocab_size: 8_000 }
  const layer = bytesOf({ ...shape, num_hidden_layers: 1 }) - bytesOf({ ...shape, num_hidden_layers: 0 })
  const rest = bytes - bytesOf({ ...shape, num_hidden_layers: 0 })
  return { ...shape, num_hidden_layers: Math.max(1, Math.round(rest / layer)) }
}

function bytesOf(model: Llama): number {
  return tensorsOf(model).reduce((sum, { shape }) => sum + FLOAT_BYTES * shape.reduce((a, b) => a * b, 1), 0)
}

/** By the names of the Hugging Face format. */
export function tensorsOf(model: Llama): readonly TensorSpec[] {
  const { hidden_size: hidden, intermediate_size: wide, vocab_size: words } = model
  const tensor = (name: string, ...shape: number[]): TensorSpec => ({ name: `${name}.weight`, dtype: 'F32', shape })
  const layers = Array.from({ length: model.num_hidden_layers }, (_, index) => {
    const of = (name: string): string => `model.layers.${index}.${name}`
    return [
      ...['q', 'k', 'v', 'o'].map((name) => tensor(of(`self_attn.${name}_proj`), hidden, hidden)),
      ...['gate', 'up'].map((name) => tensor(of(`mlp.${name}_proj`), wide, hidden)),
      tensor(of('mlp.down_proj'), hidden, wide),
      ...['input', 'post_attention'].map((name) => tensor(of(`${name}_layernorm`), hidden)),
    ]
  })
  return [
    tensor('model.embed_tokens', words, hidden),
    ...layers.flat(),
    tensor('model.norm', hidden),
    tensor('lm_head', words, hidden),
  ]
}

/** Beside its weights. @param weights their path */
export async function writeConfig(model: Llama, weights: string): Promise<void> {
  const config = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', dtype: 'float32', ...model },
    ...{ num_attention_heads: 8, num_key_value_heads: 8, tie_word_embeddings: false },
  }
  await mkdir(dirname(weights), { recursive: true })
  await writeFile(join(dirname(weights), 'config.json'), JSON.stringify(config))
}
