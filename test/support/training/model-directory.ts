import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeLayout } from '../../../src/checkpoint/layout.ts'
import { encodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import type { FloatDtype } from '../../../src/floats/dtypes.ts'
import type { Model } from '../../../src/ports/trainer.ts'

/** A model as Hugging Face's tools write it. */
export function writeModelDirectory(path: string, model: Model, dtype: FloatDtype = 'F32'): string {
  const layout = encodeLayout(
    model.body.map(({ name, shape }) => ({ name, dtype, shape })),
    { format: 'pt' },
  )
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'config.json'), JSON.stringify(model.config))
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(model.tokenizer))
  writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(model.tokenizerConfig))
  writeFileSync(join(path, 'model.safetensors'), encodeCheckpoint(layout, model.body))
  return path
}
