/** Every limit of the gateway and of its client, named. docs/network.md says why each has its value. */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000

// Requests
export const DEFAULT_MAX_HEADER_BYTES = 8 * KIB
export const DEFAULT_MAX_URL_BYTES = 4 * KIB
export const DEFAULT_MAX_SEGMENTS = 64
/** From the first byte of a request to the end of its headers. */
export const DEFAULT_HEADERS_MS = 10 * SECOND
/** A connection without a request. */
export const DEFAULT_KEEP_ALIVE_MS = 30 * SECOND
export const DEFAULT_MAX_CONNECTIONS = 256
export const DEFAULT_CONNECTIONS_PER_HOST = 64

// Answers
/** A reader that takes nothing for so long is gone. */
export const DEFAULT_WRITE_STALL_MS = 20 * SECOND
/** An answer slower than this over a window, by the reader's doing, is ended. */
export const DEFAULT_MIN_BYTES_PER_SECOND = 8 * KIB
export const DEFAULT_MIN_RATE_WINDOW_MS = 30 * SECOND
/** Blocks of one answer, repeated ones counted: a small graph can name one leaf without end. */
export const DEFAULT_MAX_ANSWER_BLOCKS = 1_048_576
export const DEFAULT_MAX_DEPTH = 1024
/** CIDs that are told apart for `dups=n`. */
export const DEFAULT_MAX_REMEMBERED_BLOCKS = 262_144

/** Of 1 MiB, kept for the next answer: three are in use by one. */
export const DEFAULT_LEAF_BUFFERS = 12

// Slots
export const DEFAULT_UPLOADS = 32
export const DEFAULT_UPLOADS_PER_PEER = 8
/** Requests that wait for a slot, of all peers together. */
export const DEFAULT_WAITING_UPLOADS = 256
export const DEFAULT_SLOT_WAIT_MS = 2 * SECOND
export const DEFAULT_RETRY_AFTER_SECONDS = 2
/** What a turn of one upload is, where uploads are limited. */
export const DEFAULT_TURN_BYTES = 256 * KIB

// Client
/** File bytes of one request. */
export const DEFAULT_RANGE_BYTES = 16 * MIB
export const DEFAULT_REQUESTS_PER_SOURCE = 2
export const DEFAULT_CONNECT_MS = 3 * SECOND
/** First byte of an answer, and any silence after it. */
export const DEFAULT_ANSWER_STALL_MS = 8 * SECOND
/** A source that is slower than this for a window has its range taken away. */
export const DEFAULT_SOURCE_BYTES_PER_SECOND = 32 * KIB
export const DEFAULT_SOURCE_WINDOW_MS = 8 * SECOND
/** Failures in a row after which a source is left for this fetch. */
export const DEFAULT_SOURCE_FAILURES = 2
export const DEFAULT_MAX_RETRY_AFTER_MS = 10 * SECOND
/** The CAR header and the nodes above a range: more is not what was asked for. */
export const DEFAULT_MAX_CAR_HEADER_BYTES = 4 * KIB
export const DEFAULT_MAX_NODE_BYTES = 128 * KIB
/** The response headers that a peer may send. */
export const DEFAULT_MAX_RESPONSE_HEADER_BYTES = 16 * KIB
/** A range without a leaf for so long is given to another source that has nothing else to do; then twice as long. */
export const DEFAULT_TAKEOVER_MS = 3 * SECOND
/** Sources of one file at once; others that have it are asked when one of these is left. */
export const DEFAULT_SOURCES_AT_ONCE = 4
/** Leaves on their way to the disk, over all requests of all fetches. */
export const DEFAULT_LEAVES_IN_MEMORY = 24
