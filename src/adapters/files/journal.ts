import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Journal } from '../../ports/system.ts'
import { syncDirectory, writeFileAtomic } from './atomic.ts'
import { decodeJournal, encodeJournal, encodeRecord } from './journal-format.ts'

const MODE = 0o600

/**
 * Opens or creates an append-only file of records. What a crash left of an unfinished last record is cut off.
 * @param options.take gets the records at once; then they are on the disk alone, and `records` stays empty
 * @throws ColdmeshError `refused`: damaged in the middle (facts.offset), or the disk refuses
 */
export async function openJournal(
  path: string,
  { take }: { readonly take?: (records: readonly Uint8Array[]) => void } = {},
): Promise<Journal> {
  let { records: kept, end: length } = await load(path)
  let file = await openAt(path, length)
  const isKept = take === undefined
  take?.(kept)
  if (!isKept) kept = []
  let broken: unknown
  /** Half a record may lie behind the last whole one. */
  let isTorn = false
  let closed = false
  let last: Promise<void> = Promise.resolve()

  // One operation at a time: records land in the order of the calls.
  const queue = (work: () => Promise<void>): Promise<void> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
  const usable = (): void => {
    if (closed) throw new Error('the journal is closed')
    if (broken !== undefined) throw diskError(broken, 'write', path)
  }
  const mend = async (): Promise<void> => {
    await file.truncate(length)
    isTorn = false
  }

  return {
    get records() {
      return kept
    },
    append: (...added) => {
      const copies = added.map((record) => record.slice())
      return queue(async () => {
        usable()
        const framed = Buffer.concat(copies.map(encodeRecord))
        try {
          if (isTorn) await mend()
          await writeAll(file, framed, length)
          await file.datasync()
        } catch (error) {
          // A failed write must leave no half record before the next one: what can't be cut off now is, before anything is added.
          isTorn = true
          await mend().catch(() => {})
          // After a failed fsync the kernel may have dropped the pages: what is on disk is unknown until reopened.
          if (systemCode(error) === 'EIO') broken = error
          throw diskError(error, 'write', path)
        }
        length += framed.byteLength
        if (isKept) kept.push(...copies)
      })
    },
    rewrite: (replacement) => {
      const copies = replacement.map((record) => record.slice())
      return queue(async () => {
        usable()
        const bytes = encodeJournal(copies)
        await writeFileAtomic(path, bytes, { mode: MODE })
        const old = file
        file = await openAt(path, bytes.byteLength)
        await old.close()
        isTorn = false
        length = bytes.byteLength
        kept = isKept ? copies : []
      })
    },
    close: () =>
      queue(async () => {
        if (closed) return
        closed = true
        await file.close()
      }),
  }
}

async function load(path: string): Promise<{ records: Uint8Array[]; end: number }> {
  try {
    const decoded = decodeJournal(await readFile(path), path)
    if (decoded.end > 0) return decoded
  } catch (error) {
    if (error instanceof ColdmeshError || systemCode(error) !== 'ENOENT') throw diskError(error, 'read', path)
  }
  const empty = encodeJournal([])
  await writeFileAtomic(path, empty, { mode: MODE })
  return { records: [], end: empty.byteLength }
}

async function openAt(path: string, end: number): Promise<FileHandle> {
  try {
    const file = await open(path, 'r+')
    const { size } = await file.stat()
    if (size > end) await file.truncate(end)
    // A process that was killed between write and fsync leaves records that a power cut can still take, and we will repeat them.
    await file.sync()
    await syncDirectory(dirname(path))
    return file
  } catch (error) {
    throw diskError(error, 'open', path)
  }
}

/** A nearly full disk takes a part of a write and says so by its count only. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, position + written)
    written += bytesWritten
  }
}
