import type { Verdict } from '../../protocols/wire/verdict.ts'

/** Announcements: small signed messages to everyone on a topic. No delivery guarantee; the sync stream repairs. */
export interface Gossip {
  /** Resolves with the number of peers the message went to; zero is not an error. Publishing the same bytes twice is a no-op. */
  publish(topic: string, message: Uint8Array): Promise<{ recipients: number }>
  /** `judge` decides what is relayed. Only one judge per topic. Returns the function that unsubscribes. */
  subscribe(topic: string, judge: (message: GossipMessage) => Verdict | Promise<Verdict>): () => void
}

export interface GossipMessage {
  readonly bytes: Uint8Array
  /** libp2p peer id (text) of whoever relayed it to us; not its author. */
  readonly from: string
}
