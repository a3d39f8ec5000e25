import type { ProofFault } from '../../../protocols/dataset/check.ts'
import type { DatasetOptions } from '../../adapters/datasets/index.ts'

/** Which salt a dataset is committed to with: at least one of both. */
export interface SaltOptions {
  /** A data directory: the salt that its peer contributes with. */
  readonly dir?: string | undefined
  /** A file with the salt in hexadecimal; made when it is not there. */
  readonly saltFile?: string | undefined
}

/** How the dataset is read: as for the training that contributed with it. `name` is what the contribution calls it. */
export type CommitOptions = DatasetOptions & SaltOptions

/** A dataset's commitment. */
export interface CommittedDataset {
  readonly name: string
  readonly rows: number
  /** 64 hex digits. */
  readonly root: string
  /** `dataset-statement/1`, as text. */
  readonly file: string
}

/** A row's proof. */
export interface ProvenRow {
  /** As it was hashed: `[text, pair or null, label]`. */
  readonly row: string
  /** From 1. */
  readonly place: number
  readonly rows: number
  readonly root: string
  /** `dataset-proof/1`, as text. */
  readonly file: string
}

/** What to hold a proof against. */
export interface KnownCommitment {
  /** 64 hex digits. */
  readonly root: string
  /** Null: not known. */
  readonly rows: number | null
}

/** What a contribution says of its data, under its author's signature. */
export interface StatedCommitment extends KnownCommitment {
  readonly rows: number
  readonly contribution: string
  readonly author: string
  readonly network: string
  /** That the contribution is an input of. */
  readonly round: number
  readonly task: string
  readonly dataset: string
}

export interface CheckedProof {
  readonly valid: boolean
  readonly fault: ProofFault | null
  /** Rows, and with them the row's place, were known besides: a root alone does not tell them. */
  readonly isPlaceShown: boolean
  readonly row: string
  readonly place: number
  readonly rows: number
  readonly root: string
}

/** Rows counted from 1, the last one included. */
export interface RowSpan {
  readonly first: number
  readonly last: number
}

export interface ComparedDataset {
  readonly isSame: boolean
  /** Of the file. */
  readonly root: string
  readonly rows: number
  /** Of the commitment; null where that is not known. */
  readonly expectedRows: number | null
  /** Where the rows differ, as far as a proof tells; null without a proof, or when nothing differs. */
  readonly different: readonly RowSpan[] | null
}
