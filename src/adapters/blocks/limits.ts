/** Every limit of what keeps blocks, named. docs/network.md says why each has its value. */

/** Names of blocks that a sweep has in memory: 64 GiB of weights. A root is never split. */
export const DEFAULT_SWEEP_BLOCKS = 65_536
/** Nodes that others are reading from here, whose leaves stay meanwhile. */
export const DEFAULT_SERVED_NODES = 16
/** How long they stay: this, and a second for each megabyte below them. */
export const DEFAULT_SERVED_MS = 10_000
export const DEFAULT_SERVED_BYTES_PER_MS = 1_000
/** Files of weights that are open for reading at a time. */
export const DEFAULT_OPEN_FILES = 32
/** A leaf that was compared with its digest so lately is not hashed again. */
export const DEFAULT_TRUSTED_MS = 600_000
/** A packed file is appended to up to here. */
export const DEFAULT_SEGMENT_BYTES = 64 * 1_048_576
/** What stays free on the disk for what is no weights: journal, chain, small blocks. */
export const DEFAULT_DISK_MARGIN_BYTES = 32 * 1_048_576
/** Blocks that are written and synced together. */
export const DEFAULT_BATCH_BYTES = 8 * 1_048_576
/** A file that is to be durable goes to the disk while it comes, or is written, so much at a time: the last sync has little left to do. A multiple of a leaf. */
export const DEFAULT_SYNC_BYTES = 32 * 1_048_576
/** So long after the last file that may become durable later, and at most so long after the first. */
export const DEFAULT_DURABLE_AFTER_MS = 10_000
export const DEFAULT_DURABLE_WITHIN_MS = 30_000
