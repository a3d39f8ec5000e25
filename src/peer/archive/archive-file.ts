import { type FileHandle, open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { readArchiveHeader } from '../../../protocols/archive/rules.ts'
import { WITHOUT_WAITING } from '../../adapters/files/read-at-most.ts'
import { blockPrefix } from '../../adapters/gateway/car.ts'
import { isBlockOf } from '../../checkpoint/is-block-of.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { checkSignal } from '../history/read-only-store.ts'
import type { BlockTable } from './block-table.ts'

/** Of one read. */
const CHUNK_BYTES = 1_048_576
/** SPEC 11, The file: its length, which takes one byte, and the header. */
const HEADER_BYTES = 59

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

/** Whether a file begins as an archive does (SPEC 11.1). @throws ColdmeshError as `openArchiveFile` */
export async function isArchiveFile(path: string): Promise<boolean> {
  await using file = await openArchiveFile(path)
  const { buffer, bytesRead } = await file
    .read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
    .catch((error: unknown) => {
      throw diskError(error, 'read', path)
    })
  if (bytesRead < HEADER_BYTES || buffer[0] !== HEADER_BYTES - 1) return false
  return !('verdict' in readArchiveHeader(Uint8Array.from(buffer.subarray(1))))
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
