import { existsSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import { headerLength, LENGTH_BYTES, type LooseTensor, parseLooseHeader, SAVE_AS_SAFETENSORS } from './loose-header.ts'
import { readAt } from './read-at.ts'
import { isRecord, openLarge, readJson, refusePointer } from './read-file.ts'
import { readTorchArchive } from './torch-archive.ts'

/** In the order in which they are looked for. */
const KINDS = [
  { single: 'model.safetensors', suffix: 'safetensors' },
  { single: 'pytorch_model.bin', suffix: 'bin' },
] as const
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
 * Opens a directory's weights: model.safetensors, or the shards that model.safetensors.index.json lists; else the same for
 * pytorch_model.bin.
 * @throws ColdmeshError `bad-input` (none there, Git LFS pointer), `bad-checkpoint`, `unsupported` (a pickle of more than tensors)
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

/** The same of one file, safetensors or a pickle of tensors. */
export async function openWeightsFile(path: string): Promise<WeightsFiles> {
  const { file, bytes } = await openLarge(path)
  try {
    const tensors = (await readTensors(file, bytes, path)).map((tensor) => ({ ...tensor, file, path }))
    return { tensors, [Symbol.asyncDispose]: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Name of a tensor -> its file; one entry without a name for a single file. */
async function listShards(directory: string): Promise<ReadonlyMap<string, string>> {
  for (const { single, suffix } of KINDS) {
    if (existsSync(join(directory, single))) return new Map([['', single]])
    const index = await readJson(directory, `${single}.index.json`)
    if (index !== null) return readIndex(index, `${single}.index.json`, suffix)
  }
  const names = KINDS.map(({ single }) => single)
  throw new ColdmeshError('bad-input', `${directory} has neither ${names.join(' nor ')}, whole or in shards.`, {
    hint: 'name the directory of a Hugging Face model: config.json, weights, tokenizer',
  })
}

function readIndex(index: Record<string, unknown>, name: string, suffix: string): ReadonlyMap<string, string> {
  const map = index['weight_map']
  if (!isRecord(map)) throw badIndex(name, 'has no weight_map')
  const shards = new Map<string, string>()
  for (const [tensor, file] of Object.entries(map)) {
    // fault 70: a name in a file never becomes a path
    if (typeof file !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(file) || !file.endsWith(`.${suffix}`)) {
      throw badIndex(name, `names ${JSON.stringify(file)}, which is no name of a ${suffix} file beside it`)
    }
    shards.set(tensor, file)
  }
  const count = new Set(shards.values()).size
  if (count === 0 || count > MAX_SHARDS) throw badIndex(name, `names ${count} files`)
  return shards
}

async function readTensors(file: FileHandle, bytes: number, path: string): Promise<LooseTensor[]> {
  const start = await readAt(file, 0, Math.min(bytes, 64))
  refusePointer(path, start)
  if (path.endsWith('.bin')) {
    if (start[0] === 0x50 && start[1] === 0x4b) return readTorchArchive(file, path)
    throw new ColdmeshError('unsupported', `${path} is not a zip archive, as PyTorch writes since version 1.6.`, {
      hint: SAVE_AS_SAFETENSORS,
    })
  }
  const length = headerLength(start, bytes, path)
  return parseLooseHeader(await readAt(file, LENGTH_BYTES, length), bytes, path)
}

function requireAll(shards: ReadonlyMap<string, string>, tensors: readonly SourceTensor[], directory: string): void {
  const names = new Set(tensors.map(({ name }) => name))
  for (const [name, file] of shards) {
    if (name === '' || names.has(name)) continue
    throw new ColdmeshError('bad-checkpoint', `${join(directory, file)} lacks tensor ${JSON.stringify(name)}.`, {
      hint: 'the index says that it is there: download both again',
    })
  }
}

function badIndex(name: string, what: string): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `${name} ${what}.`, { hint: 'download the file again' })
}
