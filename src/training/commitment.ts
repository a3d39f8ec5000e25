import { createHash, createHmac } from 'node:crypto'
import type { Example } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
/** Salts shorter than a hash could be guessed, and rows with them. */
const MIN_SALT_BYTES = 16

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

/** `commitRows` for rows that come one at a time. @throws as it */
export function createCommitment(salt: Uint8Array) {
  if (salt.length < MIN_SALT_BYTES) {
    throw new ColdmeshError(
      'bad-input',
      `A commitment's salt has ${salt.length} bytes, at least ${MIN_SALT_BYTES} are needed`,
    )
  }
  /** Full trees of the rows so far, the larger first: each has more leaves than all after it. */
  const trees: { readonly leaves: number; readonly root: Uint8Array }[] = []
  let rows = 0
  return {
    add(row: string): void {
      let tree = { leaves: 1, root: sha256(LEAF, saltOf(salt, rows++), Buffer.from(row, 'utf8')) }
      while (trees.at(-1)?.leaves === tree.leaves) {
        const left = trees.pop()
        if (left !== undefined) tree = { leaves: tree.leaves * 2, root: sha256(NODE, left.root, tree.root) }
      }
      trees.push(tree)
    },
    root(): Uint8Array {
      const last = trees.at(-1)
      if (last === undefined) throw new ColdmeshError('bad-input', 'A commitment to a dataset needs at least one row')
      return trees.slice(0, -1).reduceRight((right, { root }) => sha256(NODE, root, right), last.root)
    },
  }
}

/** The row of an example in a commitment: the JSON array of text, pair (or null) and label. */
export function commitmentRow({ text, pair, label }: Example): string {
  return JSON.stringify([text, pair ?? null, label])
}

function saltOf(salt: Uint8Array, index: number): Uint8Array {
  const place = Buffer.alloc(8)
  place.writeBigUInt64BE(BigInt(index))
  return createHmac('sha256', salt).update(place).digest()
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
