import { stat } from 'node:fs/promises'
import type { Layout } from '../../checkpoint/layout.ts'
import type { FloatDtype } from '../../floats/dtypes.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import { openAnyModel } from './any-model.ts'
import { chooseBody } from './body.ts'
import { canonicalFile } from './canonical-file.ts'
import { baseConfig, type ModelConfig, readModelConfig } from './config-file.ts'
import { encodeDropped } from './heads.ts'
import { sameFileOf } from './own-file.ts'
import { readJson } from './read-file.ts'
import { type NamedFile, readTokenizerFiles } from './tokenizer-files.ts'
import { openWeights } from './weights-files.ts'

/** A Hugging Face model directory as a canonical base; nothing of its weights is in memory. */
export interface OpenedModel extends AsyncDisposable {
  readonly layout: Layout
  /** Config and tokenizer. */
  readonly shared: readonly NamedFile[]
  /** The path of its own file if that is the canonical one already, else null. */
  readonly file: string | null
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
  /** Of a model that no engine knows, its `model_type`; null for those that they train. */
  readonly architecture: string | null
}

export interface OpenModelOptions {
  /** What the float weights become; null keeps each tensor's own. */
  readonly dtype: FloatDtype | null
  /** Also a model of an architecture that no engine knows: as it is, for the command trainer. */
  readonly anyArchitecture?: boolean | undefined
}

/**
 * Opens an encoder that the engines train: config.json, weights (safetensors or a pickle of tensors, one file or shards), tokenizer.json or
 * what it is made of.
 * @throws ColdmeshError `bad-input` (something is not there), `bad-model`, `bad-checkpoint`, `unsupported`
 */
export async function openModel(directory: string, options: OpenModelOptions): Promise<OpenedModel> {
  await requireDirectory(directory)
  const config = await readKnownConfig(directory, options)
  if ('unknown' in config) return openAnyModel(directory, config.unknown, options)
  const tokenizer = await readTokenizerFiles(directory, config.encoder)
  const files = await openWeights(directory)
  try {
    const { body, dropped, prefix } = chooseBody(config.encoder, files.tensors)
    const file = canonicalFile(body, options.dtype)
    return {
      ...file,
      file: await sameFileOf(files, file.layout),
      shared: [baseConfig(config, file.layout), ...tokenizer.files],
      dropped: dropped.map(({ name, shape }) => ({ name, shape })),
      head: async () => (dropped.length === 0 ? null : encodeDropped(dropped, config.raw)),
      prefix,
      pooler: body.some(({ name }) => name === 'pooler.dense.weight'),
      made: tokenizer.made,
      architecture: null,
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    }
  } catch (error) {
    await files[Symbol.asyncDispose]()
    throw error
  }
}

async function readKnownConfig(
  directory: string,
  { anyArchitecture = false }: OpenModelOptions,
): Promise<ModelConfig | { readonly unknown: Readonly<Record<string, unknown>> }> {
  try {
    return await readModelConfig(directory)
  } catch (error) {
    if (!isColdmeshError(error, 'unsupported')) throw error
    const raw = await readJson(directory, 'config.json')
    if (anyArchitecture && raw !== null) return { unknown: raw }
    throw new ColdmeshError('unsupported', error.message, {
      facts: error.facts,
      hint: `${error.hint ?? ''} With --any-architecture it becomes a base that the command trainer can train (docs/command-trainer.md).`.trim(),
    })
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
