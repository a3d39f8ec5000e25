/** Every limit of the content store, named. docs/network.md says why each has its value. */

const KIB = 1024
const MIB = 1024 * KIB

export const DEFAULT_MAX_BLOCK_BYTES = 2 * MIB
/** Links of one node: what the unixfs-v1-2025 profile writes at most. */
export const DEFAULT_MAX_LINKS = 1024
/** Nodes above a leaf. 1 MiB leaves and 1,024 links reach a tebibyte at three. */
export const DEFAULT_MAX_DEPTH = 8
export const DEFAULT_MAX_NAME_BYTES = 255
/** dag-pb nodes under one root: this much, and one byte for each 64 bytes of files. */
export const DEFAULT_MAX_NODE_BYTES = 4 * MIB
export const DEFAULT_FILE_BYTES_PER_NODE_BYTE = 64

export const DEFAULT_FETCH_CONCURRENCY = 6
/** Blocks asked of one peer at once, over all fetches; below its limit of streams. */
export const DEFAULT_BLOCKS_PER_PEER = 6
/** A peer has this long for one block; then another is asked. Doubled each time all have been asked. */
export const DEFAULT_BLOCK_DEADLINE_MS = 10_000
/** When nobody asked has it: how long to listen for anyone who gets it, before asking round again. */
export const DEFAULT_BROADCAST_MS = 5_000
/** Questions remembered, to take one back before it is asked again. */
export const DEFAULT_REMEMBERED_WANTS = 4096
export const DEFAULT_STALL_MS = 30_000
export const DEFAULT_PROVIDER_DIAL_MS = 5_000
export const DEFAULT_MAX_PROVIDERS = 8

export const DEFAULT_BITSWAP_STREAMS = 8
/** Others may send several blocks in one message: their limit is 4 MiB. */
export const DEFAULT_MAX_MESSAGE_IN_BYTES = 4 * MIB
/** Must hold the largest block: the library loops for ever over one that does not fit. */
export const DEFAULT_MAX_MESSAGE_OUT_BYTES = DEFAULT_MAX_BLOCK_BYTES + 64 * KIB
export const DEFAULT_MESSAGE_TIMEOUT_MS = 60_000
/** Blocks a peer may want at once; all of them can be in memory together. */
export const DEFAULT_WANTS_PER_PEER = 64
export const DEFAULT_RESEND_WINDOW_MS = 1_000

/** Names of blocks that a sweep has in memory: 64 GiB of weights. A root is never split. */
export const DEFAULT_SWEEP_BLOCKS = 65_536
/** Nodes that others are reading from here, whose leaves stay meanwhile. */
export const DEFAULT_SERVED_NODES = 16
/** How long they stay: this, and a second for each megabyte below them. */
export const DEFAULT_SERVED_MS = 10_000
export const DEFAULT_SERVED_BYTES_PER_MS = 1_000
/** Files looked at together when blocks are counted. */
export const DEFAULT_COUNT_CONCURRENCY = 32
