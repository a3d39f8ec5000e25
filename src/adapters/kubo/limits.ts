/** Every limit of the calls to a Kubo node, named. */

/** For what Kubo answers at once: a block, a pin. A disk that sleeps or a node that collects garbage takes its time. */
export const DEFAULT_CALL_MS = 60_000
/** At the start: a node that is not there should not be waited for. */
export const DEFAULT_GREETING_MS = 10_000
/** Answers that are no blocks. */
export const MAX_ANSWER_BYTES = 64 * 1024
/** Of a block, as of those that are kept here. */
export const MAX_BLOCK_BYTES = 2 * 1024 * 1024
/** The line of one pin, in a list of any length. */
export const MAX_LINE_BYTES = 4096
/** A list of pins may take this long as a whole. */
export const DEFAULT_LIST_MS = 600_000
/** Blocks looked at together when they are counted. */
export const DEFAULT_COUNT_CONCURRENCY = 8
/** A file that is added may take a call's time, and longer by its size: 5 MB/s. */
export const MIN_ADD_BYTES_PER_MS = 5_000
/** What of Kubo's own words a message quotes. */
export const MAX_QUOTED = 200
/** Knows names of pins, and `max-file-links` of `add`. */
export const OLDEST_KUBO = [0, 36] as const
