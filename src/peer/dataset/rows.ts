import type { RowProof } from '../../../protocols/dataset/files.ts'
import { levelsOf } from '../../../protocols/dataset/tree.ts'
import { equalBytes } from '../../../protocols/wire/bytes.ts'
import { readExamples } from '../../adapters/datasets/index.ts'
import type { Examples } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { commitmentRow, createCommitment } from '../../training/commitment.ts'

/** Where rows differ, counted from 0. */
export interface DifferentRows {
  readonly first: number
  /** Not included. */
  readonly end: number
}

/**
 * A proof that a row is in a dataset, in one pass.
 *
 * @param row place, from 1, as people count
 * @throws ColdmeshError `bad-input` when there is no such row, and as `readExamples`
 */
export async function proveRow(
  examples: Examples,
  { row, salt }: { readonly row: number; readonly salt: Uint8Array },
): Promise<RowProof> {
  const index = row - 1
  const commitment = createCommitment(salt, { proven: index })
  for await (const example of readExamples(examples)) commitment.add(commitmentRow(example))
  const rows = commitment.rows()
  const way = commitment.wayToRow()
  if (way !== null) return { root: commitment.root(), rows, index, ...way }
  throw new ColdmeshError('bad-input', `There is no row ${row}: the data have ${rows}.`, {
    facts: { rows },
    hint: 'Rows are counted from 1, those without a label left out.',
  })
}

/**
 * Where a dataset is not the one that a proof is of: each hash beside the proof's row stands for some rows, and tells whether these are the same.
 *
 * @param proof one that holds
 * @returns in order; of a dataset with another number of rows only those that both have
 */
export async function differentRows(
  examples: Examples,
  { proof, salt }: { readonly proof: RowProof; readonly salt: Uint8Array },
): Promise<readonly DifferentRows[]> {
  const { index, rows, path } = proof
  const beside = levelsOf(index, rows)
    .toReversed()
    .map((level, at) => ({ ...level.beside, hash: path[at] }))
  const parts = [...beside, { first: index, end: index + 1, hash: null }].sort((a, b) => a.first - b.first)
  const different: DifferentRows[] = []
  let place = 0
  let at = 0
  let growing = createCommitment(salt)
  for await (const example of readExamples(examples)) {
    const part = parts[at]
    if (part === undefined) break
    const row = commitmentRow(example)
    growing.add(row)
    place++
    if (place < part.end) continue
    const isSame =
      part.hash === null ? row === proof.row : part.hash !== undefined && equalBytes(growing.root(), part.hash)
    if (!isSame) different.push({ first: part.first, end: part.end })
    growing = createCommitment(salt, { first: place })
    at++
  }
  const cut = parts[at]
  if (cut !== undefined && place > cut.first) different.push({ first: cut.first, end: cut.end })
  return different
}
