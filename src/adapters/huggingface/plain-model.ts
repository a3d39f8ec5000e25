import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Layout } from '../../checkpoint/layout.ts'
import { type FloatDtype, isFloatDtype } from '../../floats/dtypes.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { canonicalFile } from './canonical-file.ts'
import { convertWeights, targetDtype } from './convert.ts'
import { isSameLayout, ownFileOf } from './own-file.ts'
import { isRecord, readSmall } from './read-file.ts'
import { encodeJson, type NamedFile } from './tokenizer-files.ts'
import { openWeights, openWeightsFile } from './weights-files.ts'

const WEIGHTS = 'model.safetensors'
/** Config, tokenizer and what generates text: all that is in a model directory besides weights. */
const SMALL_FILES = [
  ...['config.json', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt', 'special_tokens_map.json'],
  ...['vocab.json', 'merges.txt', 'added_tokens.json', 'generation_config.json', 'chat_template.jinja'],
  ...['sentencepiece.bpe.model', 'spiece.model', 'tokenizer.model', 'preprocessor_config.json'],
] as const
const TORCH_NAMES = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' } as const

/** A model of any architecture: a directory, or one file of weights. Nothing of its weights is in memory. */
export interface PlainModel extends AsyncDisposable {
  /** As it was named. */
  readonly path: string
  /** The layout that it has as one file: its own, if it is one canonical file already, and `dtype` is null. @throws ColdmeshError */
  layout(dtype: FloatDtype | null): Layout
  /** The path of its file if that has this layout as it is, else null. */
  fileOf(layout: Layout): string | null
  /** Its weights as a file of this layout. @throws ColdmeshError `bad-input` naming the tensor that does not fit */
  weightsAs(layout: Layout, options: { readonly converts: boolean; readonly like: string }): AsyncGenerator<Uint8Array>
  /** What else is in the directory; of a file, nothing. @param dtype what the config says that the weights are; null: as it is */
  smallFiles(dtype: FloatDtype | null): Promise<readonly NamedFile[]>
}

/**
 * @param path a directory of Hugging Face's (safetensors or a pickle of tensors, one file or shards), or a file
 * @throws ColdmeshError `bad-input` (not there), `bad-checkpoint`, `unsupported` (a pickle of more than tensors)
 */
export async function openPlainModel(path: string): Promise<PlainModel> {
  const about = await stat(path).catch(() => null)
  if (about === null) {
    throw new ColdmeshError('bad-input', `${path} is not there.`, {
      hint: 'name a model directory or a safetensors file',
    })
  }
  const isDirectory = about.isDirectory()
  const files = await (isDirectory ? openWeights(path) : openWeightsFile(path))
  try {
    const own = await ownFileOf(files)
    const sources = new Map(files.tensors.map((tensor) => [tensor.name, tensor]))
    const named = files.tensors.map((source) => ({ name: source.name, source }))
    return {
      path,
      layout: (dtype) => (dtype === null && own !== null ? own.layout : canonicalFile(named, dtype).layout),
      fileOf: (layout) => (own !== null && isSameLayout(own.layout, layout) ? own.path : null),
      weightsAs(layout, { converts, like }) {
        for (const { name, dtype, shape } of layout.tensors) {
          const source = sources.get(name)
          if (source === undefined) throw different(`${path} has no tensor ${JSON.stringify(name)}, which ${like} has.`)
          const isShape = source.shape.length === shape.length && source.shape.every((size, i) => size === shape[i])
          if (!isShape) {
            throw different(
              `Tensor ${JSON.stringify(name)} of ${path} has the shape [${source.shape}], and [${shape}] in ${like}.`,
            )
          }
          const wanted = converts && isFloatDtype(dtype) ? dtype : null
          if (targetDtype(source, wanted) !== dtype) {
            const message = `Tensor ${JSON.stringify(name)} of ${path} is ${source.dtype}, and ${dtype} in ${like}.`
            throw new ColdmeshError('bad-input', message, { hint: 'say what all shall become: --dtype f32' })
          }
        }
        const names = new Set(layout.tensors.map(({ name }) => name))
        const more = files.tensors.find(({ name }) => !names.has(name))
        if (more) throw different(`${path} has a tensor ${JSON.stringify(more.name)}, which ${like} lacks.`)
        return convertWeights(layout, sources)
      },
      smallFiles: async (dtype) => (isDirectory ? readSmallFiles(path, dtype) : []),
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    }
  } catch (error) {
    await files[Symbol.asyncDispose]()
    throw error
  }
}

function different(message: string): ColdmeshError {
  return new ColdmeshError('bad-input', message, {
    hint: 'fuse models of one architecture and size, with the same heads',
  })
}

async function readSmallFiles(directory: string, dtype: FloatDtype | null): Promise<readonly NamedFile[]> {
  const files: NamedFile[] = []
  for (const name of SMALL_FILES) {
    const bytes = await readSmall(directory, name)
    if (bytes !== null) files.push({ name, bytes: name === 'config.json' ? withDtype(bytes, dtype) : bytes })
  }
  return files
}

/** config.json, saying what its weights are now. One that is not JSON stays as it is. */
function withDtype(bytes: Uint8Array, dtype: FloatDtype | null): Uint8Array {
  if (dtype === null) return bytes
  const config: unknown = JSON.parse(new TextDecoder().decode(bytes))
  if (!isRecord(config)) return bytes
  const fields = ['torch_dtype', 'dtype'].filter((field) => Object.hasOwn(config, field))
  return encodeJson({ ...config, ...Object.fromEntries(fields.map((field) => [field, TORCH_NAMES[dtype]])) })
}

/** Name of a model to show: its directory's, or its file's. */
export function modelName(path: string): string {
  const name = basename(path)
  return name === WEIGHTS ? basename(join(path, '..')) : name
}
