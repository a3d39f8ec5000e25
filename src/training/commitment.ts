import { createHmac } from 'node:crypto'
import { leafHash, nodeHash } from '../../protocols/dataset/tree.ts'
import type { Example } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'

/** Salts shorter than a hash could be guessed, and rows with them. */
export const MIN_SALT_BYTES = 16

/**
 * Commits to a dataset without telling anything about it: the root of a Merkle tree over salted rows. Whoever holds the salt can later show
 * that a row was in the dataset, with its salt and one hash per level.
 *
 *     salt of row i = HMAC-SHA-256(key: salt, i as 8 bytes, big-endian)
 *     leaf          = SHA-256(0x00 || salt of row || row as UTF-8)
 *     node          = SHA-256(0x01 || left || right)
 *
 * A tree of n > 1 leaves has the largest power of two below n in its left half, and no leaf is repeated: two lists of rows never
 * share a tree.
 *
 * @param rows in the dataset's order; `commitmentRow` makes one of an example
 * @param salt secret, at least 16 bytes, new for each dataset
 * @returns 32 bytes
 * @throws ColdmeshError `bad-input` for no rows or a short salt
 */
export function commitRows(rows: Iterable<string>, salt: Uint8Array): Uint8Array {
  const commitment = createCommitment(salt)
  for (const row of rows) commitment.add(row)
  return commitment.root()
}

/** Of a row that is to be proved later. */
export interface WayToRow {
  readonly row: string
  /** Of this row: 32 bytes. */
  readonly salt: Uint8Array
  /** What stands beside it on each level, from the leaf up. */
  readonly path: readonly Uint8Array[]
}

interface Tree {
  readonly leaves: number
  readonly root: Uint8Array
  /** The row that is looked for is below. */
  readonly hasRow: boolean
}

/**
 * `commitRows` for rows that come one at a time, in memory for one hash a level.
 *
 * @param options.first place of the first row: another than 0 for a part of a tree that begins there
 * @param options.proven place of a row whose way from the root is kept
 * @throws as `commitRows`
 */
export function createCommitment(
  salt: Uint8Array,
  { first = 0, proven }: { readonly first?: number; readonly proven?: number } = {},
) {
  if (salt.length < MIN_SALT_BYTES) {
    throw new ColdmeshError(
      'bad-input',
      `A commitment's salt has ${salt.length} bytes, at least ${MIN_SALT_BYTES} are needed`,
      { hint: 'Name the file that the commitment was made with.' },
    )
  }
  /** Full trees of the rows so far, the larger first: each has more leaves than all after it. */
  const trees: Tree[] = []
  const path: Uint8Array[] = []
  let found: Omit<WayToRow, 'path'> | null = null
  let rows = 0

  function join(left: Tree, right: Tree, beside: Uint8Array[]): Tree {
    if (left.hasRow) beside.push(right.root)
    if (right.hasRow) beside.push(left.root)
    const root = nodeHash(left.root, right.root)
    return { leaves: left.leaves + right.leaves, root, hasRow: left.hasRow || right.hasRow }
  }

  /** @param beside is told what the last joins put beside the row */
  function whole(beside: Uint8Array[]): Tree {
    const last = trees.at(-1)
    if (last === undefined) throw new ColdmeshError('bad-input', 'A commitment to a dataset needs at least one row')
    return trees.slice(0, -1).reduceRight((right, left) => join(left, right, beside), last)
  }

  return {
    add(row: string): void {
      const place = first + rows++
      const rowSalt = saltOfRow(salt, place)
      const hasRow = place === proven
      if (hasRow) found = { row, salt: rowSalt }
      let tree: Tree = { leaves: 1, root: leafHash(rowSalt, row), hasRow }
      while (trees.at(-1)?.leaves === tree.leaves) {
        const left = trees.pop()
        if (left !== undefined) tree = join(left, tree, path)
      }
      trees.push(tree)
    },
    rows: () => rows,
    root: () => whole([]).root,
    /** Null where there was no row at `proven`. */
    wayToRow(): WayToRow | null {
      const beside = [...path]
      whole(beside)
      return found === null ? null : { ...found, path: beside }
    },
  }
}

export type GrowingCommitment = ReturnType<typeof createCommitment>

/** The row of an example in a commitment: the JSON array of text, pair (or null) and label. */
export function commitmentRow({ text, pair, label }: Example): string {
  return JSON.stringify([text, pair ?? null, label])
}

/** The salt that a peer commits to its datasets of this name with. @param secret the seed of its key */
export function datasetSalt(secret: Uint8Array, name: string): Uint8Array {
  return new Uint8Array(createHmac('sha256', secret).update(`coldmesh/dataset-salt/1 ${name}`).digest())
}

function saltOfRow(salt: Uint8Array, index: number): Uint8Array {
  const place = Buffer.alloc(8)
  place.writeBigUInt64BE(BigInt(index))
  return new Uint8Array(createHmac('sha256', salt).update(place).digest())
}
