/** What a block of others may be, before anything below it is read. docs/network.md says why. */

export const DEFAULT_MAX_BLOCK_BYTES = 2 * 1_048_576
/** Links of one node: what the unixfs-v1-2025 profile writes at most. */
export const DEFAULT_MAX_LINKS = 1024
/** Nodes above a leaf. 1 MiB leaves and 1,024 links reach a tebibyte at three. */
export const DEFAULT_MAX_DEPTH = 8
export const DEFAULT_MAX_NAME_BYTES = 255
