import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'

/** Config and tokenizer files; a vocabulary of 250,000 tokens has 5 MB. */
const MAX_SMALL_BYTES = 64 * 1_048_576
const LFS_START = 'version https://git-lfs.github.com/spec/'

/** A small file of a model directory, or null when it is not there. @throws ColdmeshError `bad-input`, `too-large` */
export async function readSmall(directory: string, name: string): Promise<Uint8Array | null> {
  const path = join(directory, name)
  try {
    const { size } = await stat(path)
    if (size > MAX_SMALL_BYTES) {
      throw new ColdmeshError('too-large', `${path} has ${size} bytes; at most ${MAX_SMALL_BYTES} are read.`)
    }
    const bytes = new Uint8Array(await readFile(path))
    refusePointer(path, bytes)
    return bytes
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw readError(error, path)
  }
}

/** The same, as a JSON object. @throws ColdmeshError `bad-model` */
export async function readJson(directory: string, name: string): Promise<Record<string, unknown> | null> {
  const bytes = await readSmall(directory, name)
  return bytes === null ? null : parseJson(bytes, join(directory, name))
}

export function parseJson(bytes: Uint8Array, path: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ColdmeshError('bad-model', `${path} is not JSON.`, { cause, hint: 'download the file again' })
  }
  if (isRecord(value)) return value
  throw new ColdmeshError('bad-model', `${path} is not a JSON object.`, { hint: 'download the file again' })
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Opens a large file for reading. @throws ColdmeshError `bad-input` */
export async function openLarge(path: string): Promise<{ file: FileHandle; bytes: number }> {
  try {
    const file = await open(path, 'r')
    const about = await file.stat()
    if (about.isFile()) return { file, bytes: about.size }
    await file.close()
  } catch (error) {
    throw readError(error, path)
  }
  throw new ColdmeshError('bad-input', `${path} is not a file.`, { hint: 'name the directory that holds the model' })
}

/** @throws ColdmeshError `bad-input` when the bytes are what Git keeps in place of a large file */
export function refusePointer(path: string, bytes: Uint8Array): void {
  if (Buffer.from(bytes.subarray(0, LFS_START.length)).toString('latin1') !== LFS_START) return
  throw new ColdmeshError('bad-input', `${path} is a Git LFS pointer, not the file itself.`, {
    hint: 'run `git lfs install` and `git lfs pull` in that directory, or download the file from the model page',
  })
}

function readError(error: unknown, path: string): unknown {
  if (error instanceof ColdmeshError) return error
  const code = systemCode(error)
  if (code === undefined) return error
  return new ColdmeshError('bad-input', `${path} cannot be read (${code}).`, {
    cause: error,
    hint: 'check the path and its permissions',
  })
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
