import { crc32 } from 'node:zlib'
import { ColdmeshError } from '../../ports/errors.ts'

/**
 * File = 8 bytes magic, then records. Record = length (u32), crc32 of those 4 bytes, crc32 of the payload, payload;
 * numbers little-endian. The length has its own checksum: a flipped bit in it must not pass for a torn tail,
 * which would drop every later record in silence.
 */
export const MAGIC = new TextEncoder().encode('cmjrnl1\n')
const HEADER_BYTES = 12
const SECTOR_BYTES = 512
export const MAX_RECORD_BYTES = 64 * 1024 * 1024

export function encodeRecord(record: Uint8Array): Buffer {
  if (record.byteLength > MAX_RECORD_BYTES)
    throw new RangeError(`a journal record has at most ${MAX_RECORD_BYTES} bytes`)
  const framed = Buffer.allocUnsafe(HEADER_BYTES + record.byteLength)
  framed.writeUInt32LE(record.byteLength, 0)
  framed.writeUInt32LE(crc32(framed.subarray(0, 4)), 4)
  framed.writeUInt32LE(crc32(record), 8)
  framed.set(record, HEADER_BYTES)
  return framed
}

export function encodeJournal(records: readonly Uint8Array[]): Buffer {
  return Buffer.concat([MAGIC, ...records.map(encodeRecord)])
}

export interface Decoded {
  /** Views of the file's bytes. */
  readonly records: Uint8Array[]
  /** Where the next record goes; bytes after it are the rest of a crash. */
  readonly end: number
}

/** @throws ColdmeshError `refused` naming the offset, when a record other than the last is damaged */
export function decodeJournal(file: Buffer, path: string): Decoded {
  const records: Uint8Array[] = []
  if (file.byteLength < MAGIC.byteLength) {
    if (isTorn(file, 0) || MAGIC.subarray(0, file.byteLength).every((byte, i) => byte === file[i])) {
      return { records, end: 0 }
    }
    throw damaged(path, 0)
  }
  if (!MAGIC.every((byte, i) => byte === file[i])) {
    if (isTorn(file, 0)) return { records, end: 0 }
    throw damaged(path, 0)
  }
  let offset = MAGIC.byteLength
  while (offset < file.byteLength) {
    if (file.byteLength - offset < HEADER_BYTES || isTorn(file, offset)) break
    const length = file.readUInt32LE(offset)
    const headerHolds = file.readUInt32LE(offset + 4) === crc32(file.subarray(offset, offset + 4))
    if (!headerHolds || length > MAX_RECORD_BYTES) throw damaged(path, offset)
    const start = offset + HEADER_BYTES
    const next = start + length
    if (next > file.byteLength) break
    if (file.readUInt32LE(offset + 8) !== crc32(file.subarray(start, next))) {
      // Unfinished, or acknowledged and rotten since? Dropping the second would forget a vote.
      if (next === file.byteLength && hasLostSector(file, start)) break
      throw damaged(path, offset)
    }
    records.push(new Uint8Array(file.buffer, file.byteOffset + start, length))
    offset = next
  }
  return { records, end: offset }
}

/** A crash can leave a file longer than what was written: zeros up to the end. */
function isTorn(file: Buffer, offset: number): boolean {
  return file.subarray(offset).every((byte) => byte === 0)
}

/** A write that never finished leaves whole disk sectors as zeros; rot flips bits here and there. */
function hasLostSector(file: Buffer, start: number): boolean {
  for (let from = start; from < file.byteLength; ) {
    const to = Math.min(file.byteLength, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES)
    if (file.subarray(from, to).every((byte) => byte === 0)) return true
    from = to
  }
  return false
}

function damaged(path: string, offset: number): ColdmeshError {
  return new ColdmeshError('refused', `The journal ${path} is damaged at byte ${offset}.`, {
    facts: { path, offset },
    hint: 'Restore this file from a backup of this very moment, or move it away: the key then signs nothing until two rounds after the head that it syncs are certified.',
  })
}

/** Every record that is whole, wherever in a damaged file it is: each has its own checksums. In the order of the file. */
export function salvageRecords(file: Buffer): Uint8Array[] {
  const records: Uint8Array[] = []
  for (let offset = 0; offset + HEADER_BYTES <= file.byteLength; ) {
    const length = file.readUInt32LE(offset)
    const headerHolds = file.readUInt32LE(offset + 4) === crc32(file.subarray(offset, offset + 4))
    const start = offset + HEADER_BYTES
    const next = start + length
    if (!headerHolds || length > MAX_RECORD_BYTES || next > file.byteLength) {
      offset++
      continue
    }
    const payload = file.subarray(start, next)
    if (file.readUInt32LE(offset + 8) === crc32(payload)) records.push(Uint8Array.from(payload))
    offset = next
  }
  return records
}
