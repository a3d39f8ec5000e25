import { decode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { DEFAULT_MAX_CAR_HEADER_BYTES } from './limits.ts'

/** What is wrong with the CAR: whoever sent it is to blame. */
export class CarError extends Error {
  override readonly name = 'CarError'
}

export interface CarSink {
  /** @param bytes the header itself, without its length; out of use when this returns */
  onHeader(roots: readonly CID[], bytes: Uint8Array): void
  /**
   * A block begins. @returns where its bytes go (at least `bytes` long), or null to pass over them
   * @throws CarError for one that is not wanted
   */
  onBlock(cid: CID, bytes: number): Uint8Array | null
  /** Its bytes are all there. */
  onBlockEnd(cid: CID, bytes: number): void
}

export interface CarParser {
  /** Takes the next bytes, of any length; they are copied where `onBlock` says. @throws CarError */
  push(chunk: Uint8Array): void
  /** @throws CarError when the CAR is cut off */
  end(): void
}

export interface CarParserOptions {
  readonly maxBlockBytes: number
  readonly maxHeaderBytes?: number
  /** Lengths must be in their shortest form. */
  readonly isStrict?: boolean
}

const MAX_LENGTH_BYTES = 5
/** Version, codec, hash, length of a digest of at most 64 bytes: each number in at most 9. */
const MAX_CID_BYTES = 100

/** Reads a CAR (version 1) as it comes, and holds none of its blocks. */
export function createCarParser(sink: CarSink, options: CarParserOptions): CarParser {
  const { maxBlockBytes, maxHeaderBytes = DEFAULT_MAX_CAR_HEADER_BYTES, isStrict = false } = options
  /** Small parts that may lie across chunks: lengths, the header, CIDs. */
  const held = Buffer.allocUnsafe(Math.max(maxHeaderBytes, MAX_CID_BYTES))
  let heldBytes = 0
  let state: 'length' | 'header' | 'cid' | 'block' = 'length'
  let isHeaderRead = false
  /** Of the section that is being read: what of it is still to come. */
  let left = 0
  let block: { cid: CID; bytes: number; target: Uint8Array | null; filled: number } | null = null

  const readLength = (byte: number): void => {
    held[heldBytes++] = byte
    if (byte >= 0x80) {
      if (heldBytes >= MAX_LENGTH_BYTES) throw new CarError('a length has too many bytes')
      return
    }
    if (isStrict && byte === 0 && heldBytes > 1) throw new CarError('a length is longer than it must be')
    left = 0
    for (let i = heldBytes - 1; i >= 0; i--) left = left * 128 + ((held[i] ?? 0) & 0x7f)
    heldBytes = 0
    if (left === 0) throw new CarError('a section has no bytes')
    if (left > (isHeaderRead ? maxBlockBytes + MAX_CID_BYTES : maxHeaderBytes)) {
      throw new CarError(`a section has ${left} bytes`)
    }
    state = isHeaderRead ? 'cid' : 'header'
  }

  const beginBlock = (cid: CID): void => {
    const bytes = left
    if (bytes > maxBlockBytes) throw new CarError(`a block has ${bytes} bytes`)
    block = { cid, bytes, target: sink.onBlock(cid, bytes), filled: 0 }
    state = 'block'
    if (bytes === 0) endBlock()
  }

  const endBlock = (): void => {
    const { cid, bytes } = block ?? {}
    block = null
    state = 'length'
    if (cid !== undefined && bytes !== undefined) sink.onBlockEnd(cid, bytes)
  }

  /** @returns how many bytes of the chunk were taken */
  const take = (chunk: Uint8Array, at: number): number => {
    if (state === 'length') {
      readLength(chunk[at] ?? 0)
      return 1
    }
    if (state === 'block' && block !== null) {
      const count = Math.min(left, chunk.byteLength - at)
      block.target?.set(chunk.subarray(at, at + count), block.filled)
      block.filled += count
      left -= count
      if (left === 0) endBlock()
      return count
    }
    if (state === 'header') {
      const count = Math.min(left, chunk.byteLength - at)
      held.set(chunk.subarray(at, at + count), heldBytes)
      heldBytes += count
      left -= count
      if (left > 0) return count
      const header = held.subarray(0, heldBytes)
      sink.onHeader(readRoots(header), header)
      heldBytes = 0
      isHeaderRead = true
      state = 'length'
      return count
    }
    held[heldBytes++] = chunk[at] ?? 0
    left--
    const cidBytes = lengthOfCid(held.subarray(0, heldBytes))
    if (cidBytes === heldBytes) {
      const cid = readCid(Uint8Array.from(held.subarray(0, heldBytes)))
      heldBytes = 0
      beginBlock(cid)
    } else if (left === 0 || heldBytes >= MAX_CID_BYTES) throw new CarError('a section has no whole CID')
    return 1
  }

  return {
    push(chunk) {
      for (let at = 0; at < chunk.byteLength; ) at += take(chunk, at)
    },
    end() {
      if (!isHeaderRead || state !== 'length' || heldBytes > 0) throw new CarError('it is cut off')
    },
  }
}

/** Bytes of the CID that begins here; null while that is not known. */
function lengthOfCid(bytes: Uint8Array): number | null {
  if (bytes[0] === 0x12 && bytes.byteLength > 1 && bytes[1] === 0x20) return 34
  let at = 0
  const next = (): number | null => {
    let value = 0
    for (let i = 0; at < bytes.byteLength && i < 9; i++) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * 128 ** i
      if (byte < 0x80) return value
    }
    return null
  }
  for (let field = 0; field < 3; field++) if (next() === null) return null
  const digest = next()
  return digest === null ? null : at + digest
}

function readCid(bytes: Uint8Array): CID {
  try {
    return CID.decode(bytes)
  } catch (cause) {
    throw new CarError('a CID cannot be read', { cause })
  }
}

function readRoots(bytes: Uint8Array): readonly CID[] {
  let header: unknown
  try {
    header = decode(bytes)
  } catch (cause) {
    throw new CarError('its header is no dag-cbor', { cause })
  }
  const { version, roots } = Object(header)
  if (version !== 1) throw new CarError('it is not of version 1')
  const cids = Array.isArray(roots) ? roots.map((root) => CID.asCID(root)) : []
  return cids.filter((cid) => cid !== null)
}
