import { equalBytes } from '../wire/bytes.ts'
import type { RowProof } from './files.ts'
import { leafHash, rootOf } from './tree.ts'

/** What a proof is held against: of a contribution, a statement, or given by hand. */
export interface Commitment {
  readonly root: Uint8Array
  /** Null: not known, and then the proof's own is a mere claim, and with it the row's place. */
  readonly rows: number | null
}

/** Why a proof shows nothing. */
export type ProofFault =
  | 'path-length' // another number of hashes than its place and rows ask for
  | 'other-root' // row, salt and path do not give its root
  | 'other-commitment' // its root is not the one that it is held against
  | 'other-rows' // its rows are not

/** Steps 1 to 5 of SPEC, Checking a proof. @returns null when the proof holds */
export function checkProof(proof: RowProof, against: Commitment): ProofFault | null {
  const root = rootOf(leafHash(proof.salt, proof.row), proof)
  if (root === null) return 'path-length'
  if (!equalBytes(root, proof.root)) return 'other-root'
  if (!equalBytes(root, against.root)) return 'other-commitment'
  return against.rows === null || against.rows === proof.rows ? null : 'other-rows'
}
