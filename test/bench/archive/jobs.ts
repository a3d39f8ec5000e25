import type { ProcessCost } from '../measure.ts'

export interface ExportJob {
  /** The store's folder. */
  readonly blocks: string
  /** Of the genesis, hex. */
  readonly genesis: string
  readonly base: string
  /** Hex. */
  readonly certificate: string
  readonly file: string
}

export interface VerifyJob {
  readonly file: string
  readonly level: 'signatures' | 'full'
}

export interface ArchiveAnswer extends ProcessCost {
  /** Of the archive. */
  readonly bytes: number
}
