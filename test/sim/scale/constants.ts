/** What the simulation takes as given. Speeds were measured on two shared cores; docs/scale.md says where each is from. */

/** Bitswap into a store of files, end to end: a peer moves no more than this each way, whatever its link. */
export const PATH_BYTES_PER_SECOND = 60e6
/** Reading a block of the store, comparing it with its CID, adding it up: bytes a second of each alone. */
const READ = 800e6
const HASH = 1.35e9
const ADD = 8.6e9
/** Importing what was fused, and writing the blocks. */
const IMPORT = 1.25e9
const WRITE = 1.2e9

const together = (...speeds: readonly number[]) => 1 / speeds.reduce((sum, speed) => sum + 1 / speed, 0)

export const FUSE_BYTES_PER_SECOND = together(READ, HASH, ADD)
export const STORE_BYTES_PER_SECOND = together(IMPORT, WRITE)
/** A checkpoint is read beside its parent. */
export const VALIDATE_BYTES_PER_SECOND = together(READ, HASH) / 2

/** One way between two peers. */
export const LATENCY_SECONDS = 0.05
/** Copies of a message that a peer sends on: `DEFAULT_GOSSIP_DEGREE` of src/adapters/libp2p/limits.ts less the sender. */
export const GOSSIP_DEGREE = 4
/** `DEFAULT_MESSAGES_PER_SECOND` and `DEFAULT_MESSAGE_BURST`: judged of one neighbour. */
export const MESSAGES_PER_SECOND = 64
export const MESSAGE_BURST = 512

/** Blocks of 1 MiB asked of one peer at once, and how much may come in the time that a fetch waits for anything at all. */
export const BLOCKS_IN_FLIGHT_BYTES = 6 * 1_048_576
export const STALL_BYTES = 16 * 1_048_576
/** A block that takes longer is asked of somebody else: `DEFAULT_BLOCK_DEADLINE_MS`. */
export const BLOCK_DEADLINE_SECONDS = 10

/** Policies of a network: the most inputs that a genesis may ask for, and the defaults of `coldmesh genesis` for the rest. */
export const MAX_INPUTS = 64
export const COLLECT_SECONDS = 3600
export const VIEW_TIMEOUT_MS = 60_000
export const MIN_BYTES_PER_SECOND = 1_000_000
