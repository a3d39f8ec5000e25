import { join } from 'node:path'
import type { Layout } from '../../checkpoint/layout.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { EncoderConfig } from '../../training/encoders/encoder-config.ts'
import { FAMILIES } from '../../training/encoders/families.ts'
import { readEncoderConfig } from '../../training/encoders/read-config.ts'
import { readJson } from './read-file.ts'
import { encodeJson, type NamedFile } from './tokenizer-files.ts'

const CONFIG_NAME = 'config.json'
/** Of a machine, or of a head that is not part of a base. */
const LEFT_OUT = [
  '_name_or_path',
  'finetuning_task',
  'problem_type',
  'id2label',
  'label2id',
  'num_labels',
  'classifier_dropout',
  'seq_classif_dropout',
]
const TORCH_NAMES = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' } as const

export interface ModelConfig {
  readonly raw: Readonly<Record<string, unknown>>
  readonly encoder: EncoderConfig
}

/** @throws ColdmeshError `bad-input` (none there), `bad-model`, `unsupported` for what no engine trains, by its name */
export async function readModelConfig(directory: string): Promise<ModelConfig> {
  const raw = await readJson(directory, CONFIG_NAME)
  if (raw === null) {
    throw new ColdmeshError('bad-input', `${join(directory, CONFIG_NAME)} is not there.`, {
      hint: 'name the directory of a Hugging Face model: config.json, weights, tokenizer',
    })
  }
  return { raw, encoder: readEncoderConfig(raw) }
}

/** The base's config.json: an encoder without a head, whose dtype is that of the weights. */
export function baseConfig({ raw, encoder: { family } }: ModelConfig, layout: Layout): NamedFile {
  const kept = Object.entries(raw).filter(([name]) => !LEFT_OUT.includes(name) && name !== 'dtype')
  const config = {
    ...Object.fromEntries(kept),
    model_type: family,
    architectures: [`${FAMILIES[family].className}Model`],
  }
  return { name: CONFIG_NAME, bytes: encodeJson({ ...config, torch_dtype: torchDtype(layout) }) }
}

/** The widest float type: of a mixed model, transformers converts all of it to that. */
function torchDtype({ tensors }: Layout): string {
  for (const dtype of ['F32', 'BF16', 'F16'] as const) {
    if (tensors.some((tensor) => tensor.dtype === dtype)) return TORCH_NAMES[dtype]
  }
  throw new Error('a body has floats')
}
