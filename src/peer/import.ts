import { constants, copyFile, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { CID } from 'multiformats/cid'
import { writeDurable, writeFileAtomic } from '../adapters/files/atomic.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { requireFree, writeNewDirectory } from '../adapters/files/new-directory.ts'
import { type OpenedModel, openModel } from '../adapters/huggingface/open-model.ts'
import { readStatedLicence } from '../adapters/huggingface/stated-licence.ts'
import type { NamedFile } from '../adapters/huggingface/tokenizer-files.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { importStreamedBase, WEIGHTS_NAME } from '../checkpoint/base.ts'
import type { FloatDtype } from '../floats/dtypes.ts'
import { initDataDir, paths } from './data-dir.ts'
import { pinForEver } from './retention/pinned-file.ts'
import { copyWeights, linkWeights, requireCanonical } from './store/admit-weights.ts'
import { createContentStore, type OpenContentStore } from './store/content-store.ts'
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
  /** Keep only an index of the weights, which stay in `directory`: that file must not change any more. They must be canonical already. */
  readonly nocopy?: boolean
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
  /** As the model's README.md states it, kept in the base's; a text of whoever made it. Null where it states none that can be kept. */
  readonly license: string | null
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
  const { license, files: card } = await readStatedLicence(options.directory)
  const files = [...model.shared, ...card]
  const linked = options.nocopy === true ? requireCanonical(model.file, options.directory) : null
  await initDataDir(options.dataDir)
  await using _lock = await lockDirectory(options.dataDir)
  const store = await createContentStore({ dir: paths.blocks(options.dataDir), node: null, log: nullLog })
  try {
    const put = (cid: CID, block: Uint8Array) => store.put(cid, block)
    const { layout, file } = model
    const write = async (): Promise<CID> => {
      if (linked !== null) return await linkWeights({ files: store.files, path: linked, layout })
      const copied = file === null ? null : await copyWeights({ files: store.files, path: file, layout })
      // What is not finite is found again, and named.
      return copied ?? (await writeWeights({ files: store.files, store }, layout.totalBytes, model.weights()))
    }
    const addBase = () => importStreamedBase(files, { layout, write }, put)
    const imported = out === null ? await addBase() : await writeDirectory(resolve(out), files, { store, addBase })
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
      license,
      out: out === null ? null : resolve(out),
      head: headFile,
    }
  } finally {
    await store.stop()
  }
}

type StreamedBase = Awaited<ReturnType<typeof importStreamedBase>>

/** OUT appears only when all of it is there. */
async function writeDirectory(
  out: string,
  files: readonly NamedFile[],
  { store, addBase }: { readonly store: OpenContentStore; readonly addBase: () => Promise<StreamedBase> },
): Promise<StreamedBase> {
  return await writeNewDirectory(out, async (aside) => {
    for (const { name, bytes } of files) await writeDurable(join(aside, name), bytes, 0o644)
    const base = await addBase()
    await copyStored(store, base, join(aside, WEIGHTS_NAME))
    return base
  })
}

/** Shares its blocks with the store's file where the file system can. */
async function copyStored(store: OpenContentStore, { files }: StreamedBase, path: string): Promise<void> {
  const weights = files.find(({ name }) => name === WEIGHTS_NAME)
  await using kept = weights === undefined ? null : await store.files.open(weights.cid)
  if (kept === null) throw new Error('the weights were stored')
  await copyFile(kept.path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  await using file = await open(path, 'r+')
  await file.chmod(0o644)
  await file.sync()
}

async function writeHead(folder: string, model: OpenedModel): Promise<string | null> {
  const bytes = await model.head()
  if (bytes === null) return null
  const path = join(folder, HEAD_NAME)
  await writeFileAtomic(path, bytes)
  return path
}
