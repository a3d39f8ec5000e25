import { checkProof } from '../../../protocols/dataset/check.ts'
import { decodeProof, encodeProof, encodeStatement, type RowProof } from '../../../protocols/dataset/files.ts'
import { equalBytes, fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { type DatasetOptions, openTrainingData } from '../../adapters/datasets/index.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { commitExamples } from '../commit-examples.ts'
import { differentRows, proveRow } from './rows.ts'
import { readSalt, saltFor } from './salt-file.ts'
import type {
  CheckedProof,
  CommitOptions,
  CommittedDataset,
  ComparedDataset,
  KnownCommitment,
  ProvenRow,
} from './types.ts'

/** Few rows are held: a file's stay where they are. */
const MEMORY_CHARACTERS = 1_000_000
const ROOT_HEX = /^[0-9a-f]{64}$/

/**
 * The commitment that a contribution with this dataset has.
 *
 * @throws ColdmeshError as `openTrainingData`, `bad-input` for a salt that is none
 */
export async function commitDataset(path: string, options: CommitOptions): Promise<CommittedDataset> {
  const { name, examples } = await openRows(path, options)
  const salt = await saltFor(name, { dir: options.dir, file: options.saltFile })
  const root = await commitExamples(examples, salt)
  const rows = examples.length
  return { name, rows, root: toHex(root), file: encodeStatement({ name, rows, root }) }
}

/**
 * A proof that one row is in a dataset, which tells nothing of its other rows.
 *
 * @param options.row its place, from 1
 * @throws ColdmeshError as `commitDataset`, `bad-input` when there is no such row
 */
export async function proveDatasetRow(
  path: string,
  { row, ...options }: CommitOptions & { readonly row: number },
): Promise<ProvenRow> {
  const { name, examples } = await openRows(path, options)
  if (row > examples.length) {
    throw new ColdmeshError('bad-input', `There is no row ${row}: ${path} has ${examples.length}.`, {
      facts: { rows: examples.length },
      hint: 'Rows are counted from 1, those without a label left out.',
    })
  }
  const salt = await saltFor(name, { dir: options.dir, file: options.saltFile })
  const proof = await proveRow(examples, { row, salt })
  return { row: proof.row, place: row, rows: proof.rows, root: toHex(proof.root), file: encodeProof(proof) }
}

/**
 * Whether a proof holds, and holds against one of these commitments.
 *
 * @param text of a `dataset-proof/1`
 * @param against the first with the proof's root counts; without any the proof is held against itself
 * @throws ColdmeshError `bad-input` for a text that is no proof
 */
export function checkDatasetProof(text: string, against: readonly KnownCommitment[]): CheckedProof {
  const proof = readProof(text)
  const root = toHex(proof.root)
  const same = against.filter((known) => known.root === root)
  const known = same.find(({ rows }) => rows === proof.rows) ?? same[0] ?? against[0] ?? { root, rows: null }
  const fault = checkProof(proof, { root: rootOf(known.root), rows: known.rows })
  const isPlaceShown = fault === null && known.rows !== null
  return { valid: fault === null, fault, isPlaceShown, row: proof.row, place: proof.index + 1, rows: proof.rows, root }
}

/**
 * Whether a dataset is the one that was committed to, row for row.
 *
 * @param options.against it is the same where it is one of these
 * @param options.proof text of a proof of one of its rows: then it is said which rows differ, as far as the proof tells
 * @throws ColdmeshError as `openTrainingData`; `bad-input` for a root, salt or proof that is none; `not-valid` for a proof that does not hold
 */
export async function compareDataset(
  path: string,
  options: DatasetOptions & {
    readonly saltFile: string
    readonly against: readonly KnownCommitment[]
    readonly proof?: string | undefined
  },
): Promise<ComparedDataset> {
  const { saltFile, against, proof: text, ...reading } = options
  const roots = against.map(({ root }) => rootOf(root))
  const fault = text === undefined ? null : checkDatasetProof(text, against).fault
  if (fault !== null) {
    throw new ColdmeshError('not-valid', `The proof does not hold: ${fault}.`, { hint: 'Compare without it.' })
  }
  const salt = await readSalt(saltFile)
  const { examples } = await openRows(path, reading)
  const found = await commitExamples(examples, salt)
  const rows = examples.length
  const same = roots.findIndex((root) => equalBytes(root, found))
  const isSame = same >= 0 && (against[same]?.rows ?? rows) === rows
  const proof = text === undefined ? null : readProof(text)
  const spans = isSame || proof === null ? null : await differentRows(examples, { proof, salt })
  return {
    isSame,
    root: toHex(found),
    rows,
    expectedRows: isSame ? rows : (proof?.rows ?? (against.length === 1 ? against[0]?.rows : null) ?? null),
    different: spans?.map(({ first, end }) => ({ first: first + 1, last: end })) ?? null,
  }
}

async function openRows(path: string, { name, ...options }: DatasetOptions) {
  const reading = { ...options, ...(name === undefined ? {} : { name }) }
  return await openTrainingData(path, { ...reading, memoryCharacters: MEMORY_CHARACTERS })
}

function readProof(text: string): RowProof {
  const proof = decodeProof(text)
  if (!('wrong' in proof)) return proof
  throw new ColdmeshError('bad-input', `This is no proof of a row: ${proof.wrong}.`, {
    hint: 'Name a file that coldmesh data prove-row wrote.',
  })
}

function rootOf(text: string): Uint8Array {
  const root = ROOT_HEX.test(text) ? fromHex(text) : null
  if (root !== null) return root
  throw new ColdmeshError('bad-input', `${JSON.stringify(text)} is not a commitment.`, {
    hint: 'It has 64 lower-case hex digits: coldmesh data commit prints one.',
  })
}
