import { hash } from 'node:crypto'
import { constants, type FileHandle, open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { isIdentity, storedCid } from '../adapters/gateway/block-reader.ts'
import { CarError, createCarParser } from '../adapters/gateway/car-parser.ts'
import { DEFAULT_MAX_BLOCK_BYTES } from '../checkpoint/block-limits.ts'
import { ColdmeshError } from '../ports/errors.ts'

/** Of one read. */
const CHUNK_BYTES = 1_048_576
const MAX_HEADER_BYTES = 1_048_576
/** How a CAR of version 2 begins: a header that says so, then where the CAR of version 1 lies in it. */
const VERSION_2 = Uint8Array.from(Buffer.from('0aa16776657273696f6e02', 'hex'))
const VERSION_2_BYTES = 51

/**
 * Reads a CAR file, one block after the other, each compared with its CID.
 * @param onBlock is given it as the store names it; what it returns is awaited before more is read than a chunk
 * @returns the CIDs that the file names as its roots
 * @throws ColdmeshError `bad-input` (no CAR, or a block that is not what its CID says), `unsupported` (a hash)
 */
export async function readCar(
  file: string,
  onBlock: (cid: CID, block: Uint8Array) => Promise<void>,
): Promise<readonly CID[]> {
  await using source = await openFile(file)
  let roots: readonly CID[] = []
  let target = new Uint8Array(0)
  let working: Promise<void>[] = []
  const parser = createCarParser(
    {
      onHeader: (named) => {
        roots = named
      },
      onBlock: (_cid, bytes) => {
        target = new Uint8Array(bytes)
        return target
      },
      onBlockEnd: (cid) => {
        const stored = verifiedCid(cid, target)
        if (stored === null) return
        const work = onBlock(stored, target)
        work.catch(() => {})
        working.push(work)
      },
    },
    { maxBlockBytes: DEFAULT_MAX_BLOCK_BYTES, maxHeaderBytes: MAX_HEADER_BYTES },
  )
  try {
    for await (const chunk of chunksOf(source)) {
      parser.push(chunk)
      await Promise.all(working)
      working = []
    }
    parser.end()
  } catch (error) {
    await Promise.allSettled(working)
    throw error instanceof CarError ? notCar(file, error) : error
  }
  return roots
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

/** A pipe would wait for somebody to write into it. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

async function openFile(path: string): Promise<FileHandle> {
  const unreadable = (cause?: unknown) =>
    new ColdmeshError('bad-input', `${path} cannot be read.`, { hint: 'Check the path of the CAR file.', cause })
  const file = await open(path, WITHOUT_WAITING).catch((error: unknown) => {
    throw unreadable(error)
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw unreadable()
}

/** Of the CAR of version 1 that the file is, or has in it. A chunk is out of use when the next is asked for. @throws CarError */
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
  const { bytesRead } = await file.read(buffer, 0, VERSION_2_BYTES, 0)
  const isVersion2 = bytesRead === VERSION_2_BYTES && VERSION_2.every((byte, i) => buffer[i] === byte)
  if (!isVersion2) return { at: 0, left: Number.POSITIVE_INFINITY }
  const view = new DataView(buffer.buffer)
  const [at, left] = [Number(view.getBigUint64(27, true)), Number(view.getBigUint64(35, true))]
  if (at + left > (await file.stat()).size) throw new CarError('it is cut off')
  return { at, left }
}

function notCar(file: string, cause: CarError): ColdmeshError {
  return new ColdmeshError('bad-input', `${file} is no whole CAR file: ${cause.message}.`, {
    hint: 'Make one, for example with ipfs dag export CID > FILE.car, and import it again.',
    cause,
  })
}
