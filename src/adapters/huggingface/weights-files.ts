import { existsSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import {
  headerLength,
  LENGTH_BYTES,
  type LooseTensor,
  parseLooseHeader,
  pickled,
  SAVE_AS_SAFETENSORS,
} from './loose-header.ts'
import { isRecord, openLarge, readJson, refusePointer } from './read-file.ts'

const SINGLE = 'model.safetensors'
const INDEX = 'model.safetensors.index.json'
const PICKLES = ['pytorch_model.bin', 'pytorch_model.bin.index.json']
const MAX_SHARDS = 1_000

/** A tensor and the open file that it lies in. */
export interface SourceTensor extends LooseTensor {
  readonly file: FileHandle
  readonly path: string
}

export interface WeightsFiles extends AsyncDisposable {
  readonly tensors: readonly SourceTensor[]
}

/**
 * Opens a directory's weights: model.safetensors, or the shards that model.safetensors.index.json lists.
 * @throws ColdmeshError `bad-input` (none there, Git LFS pointer), `bad-checkpoint`, `unsupported` (only a pickle there)
 */
export async function openWeights(directory: string): Promise<WeightsFiles> {
  const files: FileHandle[] = []
  const close = async () => {
    await Promise.all(files.map((file) => file.close()))
  }
  try {
    const tensors: SourceTensor[] = []
    const shards = await listShards(directory)
    for (const name of new Set(shards.values())) {
      const path = join(directory, name)
      const { file, bytes } = await openLarge(path)
      files.push(file)
      const found = await readTensors(file, bytes, path)
      for (const tensor of found) {
        if (shards.size > 1 && shards.get(tensor.name) !== name) continue
        tensors.push({ ...tensor, file, path })
      }
    }
    requireAll(shards, tensors, directory)
    return { tensors, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Name of a tensor -> its file; one entry without a name for a single file. */
async function listShards(directory: string): Promise<ReadonlyMap<string, string>> {
  if (existsSync(join(directory, SINGLE))) return new Map([['', SINGLE]])
  const index = await readJson(directory, INDEX)
  if (index === null) throw noWeights(directory)
  const map = index['weight_map']
  if (!isRecord(map)) throw badIndex('has no weight_map')
  const shards = new Map<string, string>()
  for (const [tensor, file] of Object.entries(map)) {
    // fault 70: a name in a file never becomes a path
    if (typeof file !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/.test(file)) {
      throw badIndex(`names ${JSON.stringify(file)}, which is no name of a safetensors file beside it`)
    }
    shards.set(tensor, file)
  }
  const count = new Set(shards.values()).size
  if (count === 0 || count > MAX_SHARDS) throw badIndex(`names ${count} files`)
  return shards
}

async function readTensors(file: FileHandle, bytes: number, path: string): Promise<LooseTensor[]> {
  const start = await readAt(file, 0, Math.min(bytes, 64))
  refusePointer(path, start)
  const length = headerLength(start, bytes, path)
  return parseLooseHeader(await readAt(file, LENGTH_BYTES, length), bytes, path)
}

/** Bytes of a file, in memory of their own. @throws ColdmeshError `bad-checkpoint` when the file is shorter by now */
export async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let held = 0
  while (held < length) {
    const { bytesRead } = await file.read(bytes, held, length - held, offset + held)
    if (bytesRead === 0) throw new ColdmeshError('bad-checkpoint', 'A weights file became shorter while it was read.')
    held += bytesRead
  }
  return bytes
}

function requireAll(shards: ReadonlyMap<string, string>, tensors: readonly SourceTensor[], directory: string): void {
  const names = new Set(tensors.map(({ name }) => name))
  for (const [name, file] of shards) {
    if (name === '' || names.has(name)) continue
    throw new ColdmeshError('bad-checkpoint', `${join(directory, file)} lacks tensor ${JSON.stringify(name)}.`, {
      hint: `${INDEX} says that it is there: download both again`,
    })
  }
}

function noWeights(directory: string): ColdmeshError {
  const pickle = PICKLES.find((name) => existsSync(join(directory, name)))
  if (pickle !== undefined) {
    const found = pickled(join(directory, pickle), 'a Python pickle')
    return new ColdmeshError('unsupported', `${found.message} Reading it would run its code.`, {
      hint: SAVE_AS_SAFETENSORS,
    })
  }
  return new ColdmeshError('bad-input', `${directory} has neither ${SINGLE} nor ${INDEX}.`, {
    hint: 'name the directory of a Hugging Face model: config.json, weights, tokenizer',
  })
}

function badIndex(what: string): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `${INDEX} ${what}.`, { hint: 'download the file again' })
}
