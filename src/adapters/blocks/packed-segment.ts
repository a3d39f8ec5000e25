import { hash, randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenFiles } from './open-files.ts'
import { encodeHeader, GONE, HEADER_BYTES, type PackedRecord, readRecords, STATE_AT } from './packed-record.ts'

const NAME = /^(\d{8})-([0-9a-f]{16})\.blocks$/

/** One packed file. */
export interface Segment {
  readonly number: number
  readonly path: string
  readonly salt: Uint8Array
  bytes: number
  /** Bytes of records that are not deleted. */
  liveBytes: number
  /** Nothing is appended to it any more. */
  isSealed: boolean
}

/** Of a record that is no block's. */
const NO_DIGEST = Buffer.alloc(32)

export interface PackedBlock {
  readonly digest: Uint8Array
  readonly block: Uint8Array
}

export function newSegment(directory: string, number: number): Segment {
  const salt = randomBytes(8)
  const path = join(directory, `${String(number).padStart(8, '0')}-${salt.toString('hex')}.blocks`)
  return { number, path, salt, bytes: 0, liveBytes: 0, isSealed: false }
}

/** Null for the name of another file. */
export function segmentOf(directory: string, name: string): Segment | null {
  const [, number, salt] = NAME.exec(name) ?? []
  if (number === undefined || salt === undefined) return null
  const path = join(directory, name)
  return { number: Number(number), path, salt: Buffer.from(salt, 'hex'), bytes: 0, liveBytes: 0, isSealed: false }
}

/**
 * The blocks of a segment. What a crash may have left half written, behind what was on the disk for certain, is compared with its digest
 * and made durable; it is left out when it is not whole.
 */
export async function openSegment(
  segment: Segment,
  files: OpenFiles,
  { onlyReads }: { readonly onlyReads: boolean },
): Promise<readonly PackedRecord[]> {
  const { records, bytes, isClean } = readRecords(segment.path, segment.salt)
  const durable = records.reduce((most, record) => Math.max(most, record.durable), 0)
  const whole: PackedRecord[] = []
  const blocks = records.filter(({ digest }) => !digest.equals(NO_DIGEST))
  for (const record of blocks) {
    if (record.at < durable || (await isWhole(segment, record, files))) whole.push(record)
  }
  segment.bytes = bytes
  // A header that was written before its block would swallow what is appended behind it.
  segment.isSealed = !isClean || whole.length < blocks.length
  if (records.length > 0 && !onlyReads) await syncSegment(segment)
  return whole
}

async function isWhole({ path }: Segment, { at, length, digest }: PackedRecord, files: OpenFiles): Promise<boolean> {
  const block = new Uint8Array(length)
  if ((await files.read(path, block, at + HEADER_BYTES)) < length) return false
  return hash('sha256', block, 'buffer').equals(digest)
}

/** Appends blocks, on the disk when it resolves. @returns where each one's header is */
export async function append(segment: Segment, blocks: readonly PackedBlock[]): Promise<readonly number[]> {
  const before = segment.bytes
  const places: number[] = []
  const parts: Uint8Array[] = []
  let at = before
  for (const { digest, block } of blocks) {
    places.push(at)
    parts.push(encodeHeader({ digest, length: block.length, durable: before }, segment.salt), block)
    at += HEADER_BYTES + block.length
  }
  const bytes = Buffer.concat(parts)
  const file = await open(segment.path, before === 0 ? 'w' : 'r+')
  let isWritten = false
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, before + done)).bytesWritten
    }
    isWritten = true
    await file.datasync()
  } catch (error) {
    // After a failed sync nobody knows what is on the disk.
    segment.isSealed = isWritten || !(await file.truncate(before).then(...YES_OR_NO))
    throw error
  } finally {
    await file.close()
  }
  segment.bytes = at
  return places
}

const YES_OR_NO = [() => true, () => false] as const

/** Nothing is lost with it, so it is not synced: a header alone, which says that all before it is on the disk. */
export async function markDurable(segment: Segment): Promise<void> {
  const header = encodeHeader({ digest: NO_DIGEST, length: 0, durable: segment.bytes }, segment.salt)
  const file = await open(segment.path, 'r+')
  try {
    const { bytesWritten } = await file.write(header, 0, header.length, segment.bytes)
    segment.isSealed = bytesWritten < header.length
    if (!segment.isSealed) segment.bytes += header.length
  } finally {
    await file.close()
  }
}

export async function markGone(segment: Segment, at: number): Promise<void> {
  const file = await open(segment.path, 'r+')
  try {
    await file.write(GONE, 0, GONE.length, at + STATE_AT)
  } finally {
    await file.close()
  }
}

export async function syncSegment({ path }: Segment): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}
