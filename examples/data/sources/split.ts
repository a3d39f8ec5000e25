import { createHash } from 'node:crypto'

export const SPLITS = ['train', 'validation', 'test'] as const
export type Split = (typeof SPLITS)[number]

const VALIDATION_SHARE = 0.09
const TEST_SHARE = 0.16

/** A source's unit that must not be torn apart (a synset, an address), with every text of it that may be shown. */
export interface Unit {
  readonly id: string
  readonly texts: readonly string[]
}

/** What makes two texts the same text: letters and digits, lower case. */
export function textKey(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/** A stable order and a stable choice, from a name alone: the first 48 bits of its SHA-256 as a fraction of 1. */
export function fraction(name: string): number {
  return createHash('sha256').update(`coldmesh tasks 1\n${name}`).digest().readUIntBE(0, 6) / 2 ** 48
}

/**
 * One split for every task and for pretraining. Units that share a text are joined first, and the joined unit's smallest
 * id decides by hash, so neither a unit nor a text is ever on two sides.
 */
export function assignSplits(units: readonly Unit[]): Map<string, Split> {
  const parent = new Map<string, string>()
  const rootOf = (id: string): string => {
    let root = id
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up
    parent.set(id, root)
    return root
  }
  const ownerOf = new Map<string, string>()
  for (const unit of units) {
    parent.set(unit.id, parent.get(unit.id) ?? unit.id)
    for (const text of unit.texts) {
      const key = textKey(text)
      const owner = ownerOf.get(key)
      if (owner === undefined) ownerOf.set(key, unit.id)
      else join(parent, rootOf(owner), rootOf(unit.id))
    }
  }
  return new Map(units.map((unit) => [unit.id, splitOf(rootOf(unit.id))]))
}

// The smaller id becomes the root, so the outcome does not depend on the order of the units.
function join(parent: Map<string, string>, a: string, b: string): void {
  if (a < b) parent.set(b, a)
  else parent.set(a, b)
}

function splitOf(id: string): Split {
  const at = fraction(id)
  if (at < TEST_SHARE) return 'test'
  return at < TEST_SHARE + VALIDATION_SHARE ? 'validation' : 'train'
}
