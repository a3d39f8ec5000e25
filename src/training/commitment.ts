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
export function commitRows(rows: readonly string[], salt: Uint8Array): Uint8Array {
  if (rows.length === 0) throw new ColdmeshError('bad-input', 'A commitment to a dataset needs at least one row')
  if (salt.length < MIN_SALT_BYTES) {
    throw new ColdmeshError(
      'bad-input',
      `A commitment's salt has ${salt.length} bytes, at least ${MIN_SALT_BYTES} are needed`,
    )
  }
  return rootOf(rows.map((row, index) => sha256(LEAF, saltOf(salt, index), Buffer.from(row, 'utf8'))))
}

/** The row of an example in a commitment: the JSON array of text, pair (or null) and label. */
export function commitmentRow({ text, pair, label }: Example): string {
  return JSON.stringify([text, pair ?? null, label])
}

function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) throw new RangeError('no leaves')
  if (leaves.length === 1) return first
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  return sha256(NODE, rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)))
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
