import { stat } from 'node:fs/promises'
import { canonicalOrder, encodeLayout, type Layout } from '../../checkpoint/layout.ts'
import type { FloatDtype } from '../../floats/dtypes.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { chooseBody } from './body.ts'
import { baseConfig, readModelConfig } from './config-file.ts'
import { convertWeights, targetDtype } from './convert.ts'
import { encodeDropped } from './heads.ts'
import { type NamedFile, readTokenizerFiles } from './tokenizer-files.ts'
import { openWeights } from './weights-files.ts'

/** A Hugging Face model directory as a canonical base; nothing of its weights is in memory. */
export interface OpenedModel extends AsyncDisposable {
  readonly layout: Layout
  /** Config and tokenizer. */
  readonly shared: readonly NamedFile[]
  /** The canonical model.safetensors, read and converted as it is asked for. */
  weights(): AsyncGenerator<Uint8Array>
  /** Names and shapes of the tensors that are no part of the encoder. */
  readonly dropped: readonly { readonly name: string; readonly shape: readonly number[] }[]
  /** The dropped tensors as a safetensors file; null when there are none. */
  head(): Promise<Uint8Array | null>
  /** What stood before the encoder's names, for example `bert.`; usually nothing. */
  readonly prefix: string
  readonly pooler: boolean
  /** Names of the files that were not there and were made from others. */
  readonly made: readonly string[]
}

/**
 * Opens an encoder that the engines train: config.json, weights (safetensors or a pickle of tensors, one file or shards), tokenizer.json or
 * what it is made of.
 * @param options.dtype what the float weights become; null keeps each tensor's own
 * @throws ColdmeshError `bad-input` (something is not there), `bad-model`, `bad-checkpoint`, `unsupported`
 */
export async function openModel(directory: string, options: { dtype: FloatDtype | null }): Promise<OpenedModel> {
  await requireDirectory(directory)
  const config = await readModelConfig(directory)
  const tokenizer = await readTokenizerFiles(directory, config.encoder)
  const files = await openWeights(directory)
  try {
    const { body, dropped, prefix } = chooseBody(config.encoder, files.tensors)
    const specs = body.map(({ name, source }) => ({
      name,
      shape: source.shape,
      dtype: targetDtype(source, options.dtype),
    }))
    const layout = encodeLayout(canonicalOrder(specs), { format: 'pt' })
    const sources = new Map(body.map(({ name, source }) => [name, source]))
    return {
      layout,
      shared: [baseConfig(config, layout), ...tokenizer.files],
      weights: () => convertWeights(layout, sources),
      dropped: dropped.map(({ name, shape }) => ({ name, shape })),
      head: async () => (dropped.length === 0 ? null : encodeDropped(dropped, config.raw)),
      prefix,
      pooler: sources.has('pooler.dense.weight'),
      made: tokenizer.made,
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    }
  } catch (error) {
    await files[Symbol.asyncDispose]()
    throw error
  }
}

async function requireDirectory(directory: string): Promise<void> {
  const about = await stat(directory).catch(() => null)
  if (about?.isDirectory()) return
  const message = about === null ? `${directory} is not there.` : `${directory} is not a directory.`
  throw new ColdmeshError('bad-input', message, {
    hint: 'name the directory of a Hugging Face model: config.json, weights, tokenizer',
  })
}
