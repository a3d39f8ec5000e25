import { hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { lockDirectory } from '../adapters/files/lock.ts'
import { isIdentity, storedCid } from '../adapters/gateway/block-reader.ts'
import { CarError, createCarParser } from '../adapters/gateway/car-parser.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { DEFAULT_MAX_BLOCK_BYTES } from '../checkpoint/block-limits.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { initDataDir, paths } from './data-dir.ts'
import { pinForEver } from './retention/pinned-file.ts'
import { createContentStore } from './store/content-store.ts'

export interface ImportedCar {
  /** CIDs that the file names as its roots: they stay. */
  readonly roots: readonly string[]
  readonly blocks: number
  readonly bytes: number
}

/** Of one read. */
const CHUNK_BYTES = 1_048_576
const MAX_HEADER_BYTES = 1_048_576
/** How a CAR of version 2 begins: a header that says so, then where the CAR of version 1 lies in it. */
const VERSION_2 = Uint8Array.from(Buffer.from('0aa16776657273696f6e02', 'hex'))

/**
 * Adds the blocks of a CAR file to a data directory's store, which is made if need be.
 * @throws ColdmeshError as `addCar`; `locked`
 */
export async function importCar(options: { readonly dataDir: string; readonly file: string }): Promise<ImportedCar> {
  await initDataDir(options.dataDir)
  await using _lock = await lockDirectory(options.dataDir)
  await using store = await createContentStore({ dir: paths.blocks(options.dataDir), node: null, log: nullLog })
  return await addCar(options, store)
}

/**
 * Every block is compared with its CID. What came before a fault stays: it is right.
 * @throws ColdmeshError `bad-input` (no CAR, or a block that is not what its CID says), `too-large` (a block), `unsupported` (a hash), `refused`
 */
export async function addCar(
  { dataDir, file }: { readonly dataDir: string; readonly file: string },
  store: Pick<ContentStore, 'put'>,
): Promise<ImportedCar> {
  await using source = await openFile(file)
  const found = { blocks: 0, bytes: 0 }
  let roots: readonly CID[] = []
  let target = new Uint8Array(0)
  let writing: Promise<void>[] = []
  const parser = createCarParser(
    {
      onHeader: (named) => {
        roots = named
      },
      onBlock: (_cid, bytes) => {
        target = new Uint8Array(bytes)
        return target
      },
      onBlockEnd: (cid, bytes) => {
        const stored = verifiedCid(cid, target)
        if (stored === null) return
        found.blocks++
        found.bytes += bytes
        const write = store.put(stored, target)
        write.catch(() => {})
        writing.push(write)
      },
    },
    { maxBlockBytes: DEFAULT_MAX_BLOCK_BYTES, maxHeaderBytes: MAX_HEADER_BYTES },
  )
  try {
    for await (const chunk of chunksOf(source)) {
      parser.push(chunk)
      await Promise.all(writing)
      writing = []
    }
    parser.end()
  } catch (error) {
    await Promise.allSettled(writing)
    throw error instanceof CarError ? notCar(file, error) : error
  }
  for (const root of roots) await pinForEver(dataDir, storedCid(root) ?? root)
  return { ...found, roots: roots.map(String) }
}

/** As the store names it; null for a CID that is its own block. @throws CarError, ColdmeshError `unsupported` */
function verifiedCid(cid: CID, block: Uint8Array): CID | null {
  const { digest, code } = cid.multihash
  if (isIdentity(cid)) {
    if (!Buffer.from(digest).equals(block)) throw new CarError(`block ${cid} is not what its CID says`)
    return null
  }
  const stored = storedCid(cid)
  if (stored === null) {
    throw new ColdmeshError('unsupported', `Block ${cid} is named by a hash that is not SHA-256.`, {
      facts: { cid: String(cid), hash: code },
      hint: 'Add the content with SHA-256, which is what IPFS uses by default, and export it again.',
    })
  }
  if (!hash('sha256', block, 'buffer').equals(digest)) throw new CarError(`block ${cid} is not what its CID says`)
  return stored
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw new ColdmeshError('bad-input', `${path} cannot be read.`, { hint: 'Check the path of the CAR file.', cause })
  }
}

/** Of the CAR of version 1 that the file is, or has in it. A chunk is out of use when the next is asked for. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES)
  let { at, left } = await bodyOf(file, buffer)
  while (left > 0) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(left, CHUNK_BYTES), at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
    left -= bytesRead
  }
}

async function bodyOf(file: FileHandle, buffer: Uint8Array): Promise<{ at: number; left: number }> {
  const { bytesRead } = await file.read(buffer, 0, 51, 0)
  const isVersion2 = bytesRead === 51 && VERSION_2.every((byte, i) => buffer[i] === byte)
  if (!isVersion2) return { at: 0, left: Number.POSITIVE_INFINITY }
  const view = new DataView(buffer.buffer)
  return { at: Number(view.getBigUint64(27, true)), left: Number(view.getBigUint64(35, true)) }
}

function notCar(file: string, cause: CarError): ColdmeshError {
  return new ColdmeshError('bad-input', `${file} is no whole CAR file: ${cause.message}.`, {
    hint: 'Make one, for example with ipfs dag export CID > FILE.car, and import it again.',
    cause,
  })
}
