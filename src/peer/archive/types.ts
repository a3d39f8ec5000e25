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
