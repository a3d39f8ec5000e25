import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { writeDurable, writeFileAtomic } from '../adapters/files/atomic.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { requireFree, writeNewDirectory } from '../adapters/files/new-directory.ts'
import { type OpenedModel, openModel } from '../adapters/huggingface/open-model.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { importStreamedBase, WEIGHTS_NAME } from '../checkpoint/base.ts'
import type { FloatDtype } from '../floats/dtypes.ts'
import { initDataDir, paths } from './data-dir.ts'
import { pinForEver } from './retention/pinned-file.ts'
import { createContentStore } from './store/content-store.ts'
import { writeWeights } from './store/write-weights.ts'

const DTYPES: Readonly<Record<'f32' | 'bf16' | 'f16', FloatDtype>> = { f32: 'F32', bf16: 'BF16', f16: 'F16' }
export const HEAD_NAME = 'head.safetensors'

export interface ImportOptions {
  /** Where the base's blocks go; made if need be. */
  readonly dataDir: string
  /** A Hugging Face model that the engines train: config.json, weights, tokenizer. */
  readonly directory: string
  /** What the float weights become, each rounded once; by default they stay what they are. */
  readonly dtype?: 'f32' | 'bf16' | 'f16'
  /** Also a model of an architecture that no engine knows: its tensors become the base as they are, and only a program trains it. */
  readonly anyArchitecture?: boolean
  /** Also write the base as a directory; must not exist yet. */
  readonly out?: string
  /** Also write what is dropped (heads) as head.safetensors in this directory. */
  readonly head?: string
}

export interface ImportedModel {
  /** CID of the base: what a genesis names. */
  readonly base: string
  /** Of model.safetensors. */
  readonly bytes: number
  readonly tensors: number
  readonly dtypes: readonly string[]
  /** Names of tensors that are no part of the encoder. */
  readonly dropped: readonly string[]
  /** What stood before the encoder's names, for example `bert.`; usually nothing. */
  readonly prefix: string
  readonly pooler: boolean
  /** Of a model that no engine knows, its `model_type`; null for those that they train. */
  readonly architecture: string | null
  /** Files that were not there and were made from others, for example tokenizer.json. */
  readonly made: readonly string[]
  readonly out: string | null
  readonly head: string | null
}

/**
 * Makes a Hugging Face model directory a canonical base and adds it to the data directory's store, which is made if need be.
 * @throws ColdmeshError `bad-input`, `bad-model`, `bad-checkpoint`, `unsupported`, `locked`, `refused`
 */
export async function importModel(options: ImportOptions): Promise<ImportedModel> {
  const { out = null, head = null, dtype } = options
  if (out !== null) requireFree(out)
  if (head !== null) requireFree(join(head, HEAD_NAME))
  await using model = await openModel(options.directory, {
    dtype: dtype === undefined ? null : DTYPES[dtype],
    anyArchitecture: options.anyArchitecture,
  })
  await initDataDir(options.dataDir)
  await using _lock = await lockDirectory(options.dataDir)
  const store = await createContentStore({ dir: paths.blocks(options.dataDir), node: null, log: nullLog })
  try {
    const put = (cid: Parameters<typeof store.put>[0], block: Uint8Array) => store.put(cid, block)
    const addBase = (source: AsyncIterable<Uint8Array>) =>
      importStreamedBase(
        model.shared,
        {
          layout: model.layout,
          write: () => writeWeights({ files: store.files, store }, model.layout.totalBytes, source),
        },
        put,
      )
    const imported =
      out === null
        ? await addBase(model.weights())
        : await writeDirectory(resolve(out), model, (write) => addBase(tee(model.weights(), write)))
    await pinForEver(options.dataDir, imported.cid)
    const headFile = head === null ? null : await writeHead(resolve(head), model)
    return {
      base: String(imported.cid),
      bytes: model.layout.totalBytes,
      tensors: model.layout.tensors.length,
      dtypes: [...new Set(model.layout.tensors.map(({ dtype }) => dtype))],
      dropped: model.dropped.map(({ name }) => name),
      prefix: model.prefix,
      pooler: model.pooler,
      architecture: model.architecture,
      made: model.made,
      out: out === null ? null : resolve(out),
      head: headFile,
    }
  } finally {
    await store.stop()
  }
}

type Write = (chunk: Uint8Array) => Promise<void>

async function* tee(source: AsyncIterable<Uint8Array>, write: Write): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    await write(chunk)
    yield chunk
  }
}

/** OUT appears only when all of it is there. */
async function writeDirectory<T>(out: string, model: OpenedModel, work: (write: Write) => Promise<T>): Promise<T> {
  return await writeNewDirectory(out, async (aside) => {
    for (const { name, bytes } of model.shared) await writeDurable(join(aside, name), bytes, 0o644)
    await using file = await open(join(aside, WEIGHTS_NAME), 'wx', 0o644)
    const result = await work((chunk) => file.writeFile(chunk))
    await file.sync()
    return result
  })
}

async function writeHead(folder: string, model: OpenedModel): Promise<string | null> {
  const bytes = await model.head()
  if (bytes === null) return null
  const path = join(folder, HEAD_NAME)
  await writeFileAtomic(path, bytes)
  return path
}
