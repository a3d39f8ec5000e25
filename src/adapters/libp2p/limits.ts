/** Every limit of this adapter, named. docs/network.md says why each has its value. */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

// Connections
export const DEFAULT_MAX_CONNECTIONS = 128
export const DEFAULT_MAX_PENDING_INBOUND = 32
/** New inbound connections a second from one host; loopback is exempt. */
export const DEFAULT_INBOUND_PER_HOST_PER_SECOND = 10
/** Inbound connections of one host; loopback is exempt. However many keys it has, three quarters stay for others. */
export const DEFAULT_INBOUND_PER_HOST = 32
export const DEFAULT_MAX_PARALLEL_DIALS = 16
export const DEFAULT_DIAL_TIMEOUT_MS = 10 * SECOND
export const DEFAULT_ADDRESS_DIAL_TIMEOUT_MS = 5 * SECOND
/** A peer that connects and never finishes the handshake is closed after this. */
export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10 * SECOND
export const DEFAULT_NEGOTIATION_TIMEOUT_MS = 10 * SECOND

// A connection that still lives
/** How often each is asked. More than the time for an answer, since libp2p takes a second question under way as a failure. */
export const DEFAULT_PING_INTERVAL_MS = 30 * SECOND
/** Then it is closed. A question takes two or three ways there and back, and a busy machine thinks first. */
export const DEFAULT_PING_TIMEOUT_MS = 25 * SECOND
/** What a new connection may take to say who it is; without that it carries no gossip. */
export const DEFAULT_IDENTIFY_TIMEOUT_MS = 20 * SECOND

// Stream multiplexer
export const DEFAULT_MUXER_STREAMS = 64
export const DEFAULT_STREAM_WINDOW_BYTES = 1 * MIB
/** Must hold the largest single write: one bitswap message. */
export const DEFAULT_STREAM_WRITE_BUFFER_BYTES = 8 * MIB

// Request and answer streams
export const DEFAULT_PROTOCOL_STREAMS = 4
/** Exchanges served at once, over all peers; a further stream is reset. */
export const DEFAULT_MAX_SERVING = 128
/** Exchanges that one peer may begin; further ones wait. */
export const DEFAULT_EXCHANGES_PER_SECOND = 8
export const DEFAULT_EXCHANGE_BURST = 32
/** Frames of one answer before everything else that waits has its turn. */
export const DEFAULT_FRAMES_A_TURN = 16
export const DEFAULT_MAX_FRAME_BYTES = 1 * MIB
/** First byte of a request or answer, and any later silence. */
export const DEFAULT_STREAM_IDLE_MS = 10 * SECOND
/** Whole exchange, on the serving side. */
export const DEFAULT_SERVE_DEADLINE_MS = 60 * SECOND
/** An answer slower than this, measured after the grace time, is given up. */
export const DEFAULT_MIN_BYTES_PER_SECOND = 1 * KIB
export const DEFAULT_MIN_RATE_GRACE_MS = 5 * SECOND
/** Unread bytes held before the sender is told to wait. */
export const DEFAULT_READ_AHEAD_BYTES = 1 * MIB
/** Unsent bytes above which a writer waits for the reader. */
export const DEFAULT_WRITE_AHEAD_BYTES = 256 * KIB

// Gossip
/** One message. Larger ones are rejected before our judge sees them. */
export const DEFAULT_MAX_MESSAGE_BYTES = 64 * KIB
/** One gossipsub frame, which carries many messages when a peer catches up; a larger one ends that peer's gossip. */
export const DEFAULT_MAX_GOSSIP_FRAME_BYTES = 1 * MIB
export const DEFAULT_MAX_GOSSIP_OUTBOUND_BYTES = 1 * MIB
/** Tokens of one neighbour: a new message of 1 KiB costs 1.4, one that is known 0.4. What it sends beyond them is read later. */
export const DEFAULT_GOSSIP_PER_SECOND = 96
export const DEFAULT_GOSSIP_BURST = 768
/** Unread gossip of one neighbour, besides one frame. */
export const DEFAULT_GOSSIP_READ_AHEAD_BYTES = 64 * KIB
export const DEFAULT_MAX_TOPIC_BYTES_PER_PEER = 16 * KIB
export const DEFAULT_PRUNE_BACKOFF_MS = 1 * MINUTE
/** The longest back-off a remote PRUNE can ask for. */
export const DEFAULT_MAX_PRUNE_BACKOFF_MS = 5 * MINUTE
export const DEFAULT_GOSSIP_DEGREE = 4
export const DEFAULT_GOSSIP_DEGREE_LOW = 3
export const DEFAULT_GOSSIP_DEGREE_HIGH = 8
export const DEFAULT_PEERS_PER_ADDRESS = 8

// DHT
export const DEFAULT_DHT_STREAMS = 8

// Keeping connected
/** With fewer connections than this, known addresses are dialled again. */
export const DEFAULT_MIN_CONNECTIONS = 4
export const DEFAULT_REDIAL_FIRST_MS = 1 * SECOND
export const DEFAULT_REDIAL_LAST_MS = 5 * MINUTE
/** A connection that lasted this long starts the back-off from the beginning. */
export const DEFAULT_STABLE_MS = 30 * SECOND
/** How often gossip is checked for streams that died on a living connection. */
export const DEFAULT_GOSSIP_CHECK_MS = 10 * SECOND
/** Known peers considered for redialling, and as many found by mDNS. */
export const DEFAULT_MAX_SAVED_PEERS = 64
export const DEFAULT_SAVED_PEER_AGE_MS = 30 * DAY
