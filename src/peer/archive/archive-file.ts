import { constants, type FileHandle, open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { blockPrefix } from '../../adapters/gateway/car.ts'
import { isBlockOf } from '../../checkpoint/is-block-of.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { checkSignal } from '../history/read-only-store.ts'
import type { BlockTable } from './block-table.ts'

/** Of one read. */
const CHUNK_BYTES = 1_048_576
/** A pipe would wait for somebody to write into it. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** @throws ColdmeshError `bad-input` for what is no file, `refused` */
export async function openArchiveFile(path: string): Promise<FileHandle> {
  const hint = 'name an archive: coldmesh export BASE_CID --car FILE.car makes one'
  const file = await open(path, WITHOUT_WAITING).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw diskError(error, 'read', path)
    throw new ColdmeshError('bad-input', `There is no ${path}.`, { hint, cause: error })
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new ColdmeshError('bad-input', `${path} is no file.`, { hint })
}

/** A chunk is out of use when the next is asked for. @throws ColdmeshError `aborted`, `refused` */
export async function* readChunks(file: FileHandle, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  // one byte more than there is: the last read says that it ends
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, (await file.stat()).size + 1))
  for (let at = 0; ; ) {
    checkSignal(signal)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at).catch((error: unknown) => {
      throw diskError(error, 'read', 'the archive')
    })
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

/**
 * The blocks of a file, read where they are, and each compared with its CID again.
 * @param fallback where to look for others
 */
export function createFileStore(
  { file, table }: { readonly file: FileHandle; readonly table: BlockTable },
  fallback: Pick<ContentStore, 'has' | 'get'> | null,
): ContentStore {
  const refuse = async (): Promise<never> => {
    throw new Error('an archive is only read')
  }
  return {
    has: async (cid) => table.has(cid) || ((await fallback?.has(cid)) ?? false),
    get: async (cid) => {
      const place = table.find(cid)
      if (place !== null) return await readBlock(file, cid, place)
      if (fallback !== null) return await fallback.get(cid)
      throw new ColdmeshError('block-missing', `Block ${cid} is not in this archive.`, { facts: { cid: String(cid) } })
    },
    put: refuse,
    delete: refuse,
    fetch: refuse,
  }
}

async function readBlock(
  file: FileHandle,
  cid: CID,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
): Promise<Uint8Array> {
  const block = new Uint8Array(bytes)
  const from = offset + blockPrefix(cid, bytes).length
  const { bytesRead } = await file.read(block, 0, bytes, from).catch((error: unknown) => {
    throw diskError(error, 'read', 'the archive')
  })
  if (bytesRead === bytes && isBlockOf(cid, block)) return block
  throw new ColdmeshError('block-corrupt', 'The archive changed while it was read.', { facts: { cid: String(cid) } })
}
