import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { readStatedLicence } from '../../adapters/huggingface/stated-licence.ts'
import type { NamedFile } from '../../adapters/huggingface/tokenizer-files.ts'
import { importStreamedBase, SHARED_NAMES, WEIGHTS_NAME } from '../../checkpoint/base.ts'
import { type Layout, MAX_DATA_START, parseLayout } from '../../checkpoint/layout.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { copyWeights, notFinite } from './admit-weights.ts'
import type { OpenContentStore } from './content-store.ts'

const NEEDED: readonly string[] = ['config.json', 'tokenizer.json', 'tokenizer_config.json']

/**
 * Stores a canonical model directory as a base; its weights are never in memory.
 * @throws ColdmeshError `bad-input` when a file cannot be read, `bad-checkpoint`, `refused`
 */
export async function importDirectory(
  directory: string,
  store: OpenContentStore,
): Promise<{ cid: CID; layout: Layout }> {
  const files: NamedFile[] = []
  for (const name of SHARED_NAMES) {
    const bytes = await readFile(join(directory, name)).catch((error: unknown) => {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isMissing || NEEDED.includes(name)) throw unreadable(join(directory, name), error)
    })
    if (bytes !== undefined) files.push({ name, bytes: new Uint8Array(bytes) })
  }
  files.push(...(await readStatedLicence(directory)).files)
  const path = join(directory, WEIGHTS_NAME)
  const layout = await readLayoutOf(path)
  const write = async () => {
    const copied = await copyWeights({ files: store.files, path, layout })
    if (copied !== null) return copied
    throw notFinite(path, '`coldmesh import DIR` says which tensor it is')
  }
  const { cid } = await importStreamedBase(files, { layout, write }, (block, bytes) => store.put(block, bytes))
  return { cid, layout }
}

/** The layout of a canonical file, from its header alone. @throws ColdmeshError `bad-input`, `bad-checkpoint` */
export async function readLayoutOf(path: string): Promise<Layout> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    const { size } = await file.stat()
    const start = new Uint8Array(Math.min(size, MAX_DATA_START))
    let length = 0
    while (length < start.length) {
      const { bytesRead } = await file.read(start, length, start.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return parseLayout(start.subarray(0, length), size)
  } finally {
    await file.close()
  }
}

function unreadable(path: string, cause: unknown): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} cannot be read.`, {
    cause,
    hint: '`coldmesh import DIR --out BASE` makes a base of a Hugging Face model directory.',
  })
}
