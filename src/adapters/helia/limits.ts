/** Every limit of the exchange of blocks, named. docs/network.md says why each has its value. */

import { DEFAULT_MAX_BLOCK_BYTES } from '../../checkpoint/block-limits.ts'

const KIB = 1024
const MIB = 1024 * KIB

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
