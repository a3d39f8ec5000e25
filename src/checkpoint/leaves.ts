// Apart from what makes nodes of leaves: threads that fuse take this alone.

/** Bytes of every leaf but the last. */
export const LEAF_BYTES = 1_048_576
/** Of a SHA-256. */
export const DIGEST_BYTES = 32

/** Leaves of a file of so many bytes; an empty one has one. */
export function leafCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / LEAF_BYTES))
}

/** Bytes of a leaf of a file of so many. */
export function leafBytes({ bytes }: { readonly bytes: number }, leaf: number): number {
  return Math.min(LEAF_BYTES, bytes - leaf * LEAF_BYTES)
}
