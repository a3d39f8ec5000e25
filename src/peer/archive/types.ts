import type { ArchiveContents } from '../../../protocols/archive/messages.ts'
import type { VerifyReport } from '../verify-types.ts'

export type { ArchiveContents } from '../../../protocols/archive/messages.ts'

/** What was found out about an archive, and about the base that it is of. `base` and `network` are empty where it did not say. */
export interface ArchiveReport extends VerifyReport {
  /** Null for a file that is none, and where there was no file. */
  readonly archive: ArchiveFacts | null
}

export interface ArchiveFacts {
  /** CID of its `archive/1` object. */
  readonly root: string
  readonly contents: ArchiveContents
  readonly blocks: number
  /** Of the file. */
  readonly bytes: number
}

export interface ArchiveProgress {
  readonly blocks: number
  /** Of all. */
  readonly of: number
}

export interface WrittenArchive {
  /** CID of the base. */
  readonly cid: string
  readonly kind: 'archive'
  /** CID of the `archive/1` object. */
  readonly root: string
  readonly round: number
  readonly contents: ArchiveContents
  readonly certified: boolean
  readonly blocks: number
  /** Of the archive. */
  readonly bytes: number
  /** The archive and its index. */
  readonly files: readonly string[]
}

export interface ExportArchiveOptions {
  /** Must not exist yet. */
  readonly file: string
  /** Default `everything`. */
  readonly contents?: ArchiveContents
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ArchiveProgress) => void
}

/** What an archive that was imported says that it is of: nothing of it is verified. */
export interface ImportedArchive {
  readonly network: string
  readonly base: string
  readonly round: number
  readonly contents: ArchiveContents
  /** Whether there is a certificate of the base in it. */
  readonly certificate: boolean
}
