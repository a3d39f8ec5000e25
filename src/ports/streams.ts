/** One request, one paged answer, between two peers. Frames are at most 1 MiB, length-prefixed on the wire. */
export interface Streams {
  /** Serves `protocol`. The answer's frames are written as they are yielded; the exchange ends by a deadline. */
  serve(protocol: string, answer: (request: StreamRequest) => AsyncIterable<Uint8Array>): Promise<void>
  /**
   * Sends one request frame and yields the answer's frames.
   * @throws ColdmeshError `unreachable`, `deadline`, `too-large`, `aborted`
   */
  request(options: RequestOptions): AsyncIterable<Uint8Array>
}

export interface StreamRequest {
  readonly from: string
  readonly bytes: Uint8Array
  readonly signal: AbortSignal
}

export interface RequestOptions {
  /** libp2p peer id (text). */
  readonly peer: string
  readonly protocol: string
  readonly request: Uint8Array
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}
