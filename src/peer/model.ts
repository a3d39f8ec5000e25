import { readFile as readDisk } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { openBase, WEIGHTS_NAME } from '../checkpoint/base.ts'
import { viewCheckpoint } from '../checkpoint/safetensors.ts'
import { readFile } from '../checkpoint/unixfs.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Model } from '../ports/trainer.ts'

export type ReadNamed = (name: string) => Promise<Uint8Array>

/** A base in the store as trainers see it. @throws ColdmeshError `block-missing`, `block-corrupt`, `bad-model` */
export async function readModel(base: CID, store: ContentStore): Promise<Model & { readonly file: Uint8Array }> {
  const { files } = await openBase(base, (cid) => store.get(cid))
  return parseModel(async (name) => {
    const file = files.find((candidate) => candidate.name === name)
    if (!file) throw new ColdmeshError('bad-model', `The base has no ${name}.`)
    return readWhole(file.cid, file.bytes, store)
  })
}

/** A directory as Hugging Face's tools write it. @throws ColdmeshError `bad-input`, `bad-model` */
export async function readModelDirectory(directory: string): Promise<Model> {
  return parseModel(async (name) => {
    try {
      return new Uint8Array(await readDisk(join(directory, name)))
    } catch (error) {
      throw new ColdmeshError('bad-input', `${join(directory, name)} cannot be read.`, {
        cause: error,
        hint: 'A model directory has config.json, tokenizer.json, tokenizer_config.json and model.safetensors.',
      })
    }
  })
}

/** `file` is the weights as they were read; F32 tensors of the body are views of it. @param read gives what nobody else writes to */
export async function parseModel(read: ReadNamed): Promise<Model & { readonly file: Uint8Array }> {
  const file = await read(WEIGHTS_NAME)
  return {
    config: await readJson(read, 'config.json'),
    tokenizer: await readJson(read, 'tokenizer.json'),
    tokenizerConfig: await readJson(read, 'tokenizer_config.json'),
    body: viewCheckpoint(file).weights,
    file,
  }
}

async function readJson(read: ReadNamed, name: string): Promise<Record<string, unknown>> {
  const bytes = await read(name)
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    throw new ColdmeshError('bad-model', `${name} of the model is not JSON.`, { cause: error })
  }
  throw new ColdmeshError('bad-model', `${name} of the model is not a JSON object.`)
}

async function readWhole(cid: CID, bytes: number, store: ContentStore): Promise<Uint8Array> {
  const whole = new Uint8Array(bytes)
  let at = 0
  for await (const chunk of readFile(cid, (block) => store.get(block), { maxBytes: bytes })) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
