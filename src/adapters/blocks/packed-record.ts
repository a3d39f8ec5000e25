import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/**
 * A block in a packed file: a header of 56 bytes, then its bytes.
 *
 *     0  magic
 *     4  LIVE, or GONE once it is deleted: not under the check, since it is overwritten in place
 *     8  length, 4 bytes
 *    12  up to where the file was on the disk when this was written, 8 bytes
 *    20  SHA-256 of the block; zeros where there is none, and the header only says what is on the disk
 *    52  CRC-32 over the file's salt and all the rest, 4 bytes
 *
 * The salt is in the file's name: nobody can send a block with bytes in it that look like a record.
 */
export const HEADER_BYTES = 56
export const STATE_AT = 4
export const GONE = Buffer.from('GONE')
const MAGIC = Buffer.from('cmb1')
const LIVE = Buffer.from('LIVE')
const WINDOW_BYTES = 65_536

export interface PackedRecord {
  /** Of its header. */
  readonly at: number
  readonly length: number
  readonly digest: Buffer
  readonly isLive: boolean
  /** Up to where the file was on the disk by then. */
  readonly durable: number
}

export function encodeHeader(
  { digest, length, durable }: { readonly digest: Uint8Array; readonly length: number; readonly durable: number },
  salt: Uint8Array,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.set(MAGIC, 0)
  header.set(LIVE, STATE_AT)
  header.writeUInt32LE(length, 8)
  header.writeBigUInt64LE(BigInt(durable), 12)
  header.set(digest, 20)
  header.writeUInt32LE(checkOf(header, salt), 52)
  return header
}

/** Null when it is damaged, or no header. */
function decodeHeader(header: Buffer, at: number, salt: Uint8Array): PackedRecord | null {
  if (header.length < HEADER_BYTES || !header.subarray(0, STATE_AT).equals(MAGIC)) return null
  if (header.readUInt32LE(52) !== checkOf(header, salt)) return null
  return {
    at,
    length: header.readUInt32LE(8),
    digest: Buffer.from(header.subarray(20, 52)),
    isLive: !header.subarray(STATE_AT, 8).equals(GONE),
    durable: Number(header.readBigUInt64LE(12)),
  }
}

function checkOf(header: Buffer, salt: Uint8Array): number {
  return crc32(header.subarray(8, 52), crc32(header.subarray(0, STATE_AT), crc32(salt)))
}

/** All records of a file, by their headers; after what is damaged it goes on at the next whole header. System errors pass through. */
export function readRecords(
  path: string,
  salt: Uint8Array,
): { readonly records: readonly PackedRecord[]; readonly bytes: number; readonly isClean: boolean } {
  const descriptor = openSync(path, 'r')
  try {
    const bytes = fstatSync(descriptor).size
    const read = windowReader(descriptor)
    const records: PackedRecord[] = []
    let isClean = true
    for (let at = 0; at < bytes; ) {
      const record = decodeHeader(read(at, HEADER_BYTES), at, salt)
      if (record !== null && at + HEADER_BYTES + record.length <= bytes) {
        records.push(record)
        at += HEADER_BYTES + record.length
        continue
      }
      isClean = false
      at = nextMagic(read, at + 1, bytes)
    }
    return { records, bytes, isClean }
  } finally {
    closeSync(descriptor)
  }
}

type Read = (at: number, length: number) => Buffer

function nextMagic(read: Read, from: number, end: number): number {
  for (let at = from; at < end; at += WINDOW_BYTES - MAGIC.length) {
    const found = read(at, WINDOW_BYTES).indexOf(MAGIC)
    if (found >= 0) return at + found
  }
  return end
}

/** Reads through a window, since headers of small blocks lie close together. A view, until the next call. */
function windowReader(descriptor: number): Read {
  const window = Buffer.alloc(2 * WINDOW_BYTES)
  let start = 0
  let held = 0
  return (at, length) => {
    if (at < start || at + length > start + held) {
      start = at
      held = readSync(descriptor, window, 0, window.length, at)
    }
    return window.subarray(at - start, Math.min(at - start + length, held))
  }
}
