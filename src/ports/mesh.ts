/** Who we are connected to, and how others reach us. */
export interface Mesh {
  /** Our own libp2p peer id (text). */
  readonly self: string
  /** Our own dialable multiaddrs, each with /p2p/. */
  addresses(): string[]
  peers(): MeshPeer[]
  /** Dials a multiaddr or peer id. @throws ColdmeshError `unreachable`, `deadline`, `aborted` */
  connect(address: string, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<MeshPeer>
  /** When known addresses are dialled again, on the monotonic clock; null while that is not planned. */
  nextDial(): number | null
  /** Called on every connect and disconnect. Returns the function that stops it. */
  onChange(listener: (change: { peer: string; connected: boolean }) => void): () => void
}

export interface MeshPeer {
  readonly id: string
  readonly addresses: string[]
  /** What its gossip earned: 0 for a stranger, below 0 after messages that are provably wrong. */
  readonly score: number
}
