/** What pure code never touches by itself: time, keys, durable records, log lines. */

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Wall-clock milliseconds since 1970, for display only. */
  wall(): number
  /** Calls back once after `delayMs`; longer delays than a timer can hold are guarded. Returns the function that cancels. */
  after(delayMs: number, callback: () => void): () => void
}

export interface Signer {
  /** 32-byte Ed25519 public key. */
  readonly key: Uint8Array
  /** 64-byte Ed25519 signature of exactly these bytes. */
  sign(bytes: Uint8Array): Uint8Array
}

/** Append-only durable records. `append` resolves after one fsync for all of them; a crash before may leave the first ones. */
export interface Journal {
  /** All records, oldest first; a torn last record (crash while writing) is dropped. */
  readonly records: readonly Uint8Array[]
  append(...records: readonly Uint8Array[]): Promise<void>
  /** Replaces all records by `records` atomically. */
  rewrite(records: readonly Uint8Array[]): Promise<void>
  close(): Promise<void>
}

/** Events with fields; no prose, no secrets, no peers' bytes as text. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
  child(scope: string): Log
}
