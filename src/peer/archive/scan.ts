import type { CID } from 'multiformats/cid'
import type { Archive } from '../../../protocols/archive/messages.ts'
import { judgeSection, openArchive, readArchiveHeader } from '../../../protocols/archive/rules.ts'
import { MAX_ARCHIVE_BLOCK_BYTES, MAX_ARCHIVE_HEADER_BYTES } from '../../../protocols/wire/limits.ts'
import { carHeader, frameBytes } from '../../adapters/gateway/car.ts'
import { CarError, createCarParser } from '../../adapters/gateway/car-parser.ts'
import { type BlockTable, createBlockTable } from './block-table.ts'

/** Why a file is no archive: a reason of SPEC 11, or `archive-too-many-blocks` of this reader. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
  readonly reason: string
  constructor(reason: string, detail: string) {
    super(detail === '' ? reason : `${reason}: ${detail}`)
    this.reason = reason
  }
}

export interface ArchiveScan {
  readonly root: CID
  readonly archive: Archive
  readonly table: BlockTable
}

export interface ArchiveScanner {
  /** What the archive says that it is of; null before its first block. */
  readonly archive: Archive | null
  /** Takes the next bytes of the file, of any length. @throws ArchiveError */
  push(chunk: Uint8Array): void
  /** @throws ArchiveError */
  end(): ArchiveScan
}

/** What is remembered of a block is small, and blocks of nothing would be smaller: so many, and one more for each 4 KiB. */
const FREE_BLOCKS = 1_048_576
const BYTES_PER_BLOCK = 4096
/** Most have less. */
const FIRST_BLOCK_BYTES = 65_536

/**
 * Reads an archive as it comes: SPEC 11.1, 11.2 and 11.3, and that no block is there twice. Holds one block, and 50 bytes of every
 * block. What follows the first fault is not looked at.
 */
export function createArchiveScanner({ freeBlocks = FREE_BLOCKS } = {}): ArchiveScanner {
  const table = createBlockTable()
  let target = new Uint8Array(FIRST_BLOCK_BYTES)
  let root: CID | null = null
  let archive: Archive | null = null
  let offset = 0

  const parser = createCarParser(
    {
      onHeader(_roots, bytes) {
        const read = readArchiveHeader(Uint8Array.from(bytes))
        if ('verdict' in read) throw new ArchiveError(reasonOf(read), '')
        root = read
        offset = carHeader([root]).length
      },
      onBlock(_cid, bytes) {
        if (bytes > target.length) target = new Uint8Array(MAX_ARCHIVE_BLOCK_BYTES)
        return target
      },
      onBlockEnd(cid, bytes) {
        const block = target.subarray(0, bytes)
        const where = `block ${table.length}, at byte ${offset}`
        const judged = judgeSection({ cid, block })
        if (judged.verdict !== 'accept') throw new ArchiveError(judged.reason, `${where}, ${cid}`)
        if (root !== null && archive === null) archive = opened(openArchive(root, block))
        if (!table.add(cid, { offset, bytes }))
          throw new ArchiveError('archive-order', `${where}, ${cid} is there twice`)
        if (table.length > freeBlocks + offset / BYTES_PER_BLOCK)
          throw new ArchiveError('archive-too-many-blocks', where)
        offset += frameBytes(cid, bytes)
      },
    },
    { maxBlockBytes: MAX_ARCHIVE_BLOCK_BYTES, maxHeaderBytes: MAX_ARCHIVE_HEADER_BYTES, isStrict: true },
  )

  const named = <T>(read: () => T, reason: () => string): T => {
    try {
      return read()
    } catch (error) {
      if (error instanceof CarError) throw new ArchiveError(reason(), error.message)
      throw error
    }
  }

  return {
    get archive() {
      return archive
    },
    push: (chunk) =>
      named(
        () => parser.push(chunk),
        () => (root === null ? 'archive-header' : 'archive-section'),
      ),
    end() {
      named(
        () => parser.end(),
        () => 'archive-cut-off',
      )
      if (root === null || archive === null) throw new ArchiveError('archive-cut-off', 'it has no block')
      return { root, archive, table }
    },
  }
}

function opened(read: ReturnType<typeof openArchive>): Archive {
  if ('verdict' in read) throw new ArchiveError(reasonOf(read), '')
  return read
}

function reasonOf(verdict: { readonly verdict: string; readonly reason?: string }): string {
  return verdict.reason ?? verdict.verdict
}
