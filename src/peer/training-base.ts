import { type OpenedModel, openModel } from '../adapters/huggingface/open-model.ts'
import type { Layout } from '../checkpoint/layout.ts'
import type { Model } from '../ports/trainer.ts'
import { parseModel } from './model.ts'

/** A Hugging Face directory as trainers see it, and as what comes out is written. */
export interface TrainingBase {
  readonly model: Model
  /** Of model.safetensors, in the dtypes of the directory's. */
  readonly layout: Layout
  /** model.safetensors, canonical. */
  readonly file: Uint8Array
  /** Config and tokenizer. */
  readonly shared: OpenedModel['shared']
}

/**
 * Reads a model directory: whole files or shards, a tokenizer that may have to be made from vocab.txt, heads left out.
 * @throws ColdmeshError `bad-input`, `bad-model`, `bad-checkpoint`, `unsupported` for an architecture that no engine knows, unless any is taken
 */
export async function readTrainingBase(
  directory: string,
  options: { readonly anyArchitecture: boolean },
): Promise<TrainingBase> {
  await using opened = await openModel(directory, { dtype: null, ...options })
  const { layout, shared } = opened
  const file = new Uint8Array(layout.totalBytes)
  let at = 0
  for await (const chunk of opened.weights()) {
    file.set(chunk, at)
    at += chunk.length
  }
  const model = await parseModel(async (name) => shared.find((each) => each.name === name)?.bytes ?? file)
  return { model, layout, file, shared }
}
