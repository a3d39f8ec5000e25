import { DIGEST_BYTES } from '../../checkpoint/digest-tree.ts'

/** Where blocks lie, by digest: some 20 bytes a leaf beside the digest itself, which its file has. */
export interface LeafTable {
  /** A digest that comes twice in one file is found at its first place. */
  add(file: number, digests: Uint8Array): void
  remove(file: number): void
  /** In each file that has it, its first place there. */
  find(digest: Uint8Array): readonly { readonly file: number; readonly leaf: number }[]
}

const FEWEST_SLOTS = 1024
const FULL = 0.75

/** Open addressing: a slot is the number of a file and that of a leaf, each one more than it is. */
export function createLeafTable(): LeafTable {
  const files = new Map<number, Uint8Array>()
  let slots = new Uint32Array(2 * FEWEST_SLOTS)
  let used = 0

  const isAt = (digests: Uint8Array, leaf: number, digest: Uint8Array): boolean => {
    const at = leaf * DIGEST_BYTES
    for (let i = 0; i < DIGEST_BYTES; i++) if (digests[at + i] !== digest[i]) return false
    return true
  }

  function insertAll(file: number, digests: Uint8Array): void {
    const mask = slots.length / 2 - 1
    const count = digests.length / DIGEST_BYTES
    for (let leaf = 0; leaf < count; leaf++) {
      const digest = digests.subarray(leaf * DIGEST_BYTES, (leaf + 1) * DIGEST_BYTES)
      let slot = startOf(digest) & mask
      let isKnown = false
      for (; !isKnown && slots[2 * slot] !== 0; slot = (slot + 1) & mask) {
        isKnown = slots[2 * slot] === file + 1 && isAt(digests, (slots[2 * slot + 1] ?? 0) - 1, digest)
      }
      if (isKnown) continue
      slots[2 * slot] = file + 1
      slots[2 * slot + 1] = leaf + 1
      used++
    }
  }

  function rebuild(count: number): void {
    let size = FEWEST_SLOTS
    while (size * FULL < count) size *= 2
    slots = new Uint32Array(2 * size)
    used = 0
    for (const [file, digests] of files) insertAll(file, digests)
  }

  return {
    add(file, digests) {
      files.set(file, digests)
      const count = used + digests.length / DIGEST_BYTES
      if (count > (slots.length / 2) * FULL) rebuild(count)
      else insertAll(file, digests)
    },
    remove(file) {
      if (files.delete(file)) rebuild(used)
    },
    find(digest) {
      const found: { file: number; leaf: number }[] = []
      const mask = slots.length / 2 - 1
      for (let slot = startOf(digest) & mask; slots[2 * slot] !== 0; slot = (slot + 1) & mask) {
        const [file, leaf] = [(slots[2 * slot] ?? 0) - 1, (slots[2 * slot + 1] ?? 0) - 1]
        const digests = files.get(file)
        if (digests !== undefined && isAt(digests, leaf, digest)) found.push({ file, leaf })
      }
      return found
    },
  }
}

function startOf(digest: Uint8Array): number {
  return ((digest[0] ?? 0) | ((digest[1] ?? 0) << 8) | ((digest[2] ?? 0) << 16) | ((digest[3] ?? 0) << 24)) >>> 0
}
