import type { CID } from 'multiformats/cid'

/** Blocks by CID: kept here, fetched from others, served to others. Every block handed out matches its CID. */
export interface ContentStore {
  has(cid: CID): Promise<boolean>
  /** From the local store only. @throws ColdmeshError `block-missing`, `block-corrupt` */
  get(cid: CID): Promise<Uint8Array>
  /** Stores a block whose CID the caller computed. Durable when it resolves. */
  put(cid: CID, block: Uint8Array): Promise<void>
  delete(cid: CID): Promise<void>
  /**
   * Makes every block under `root` local (a UnixFS file, a directory or one raw block), each verified, with
   * link, depth and size limits checked before a child is read.
   * @throws ColdmeshError `block-missing` (nobody gave it in time), `too-large`, `bad-checkpoint` (not the expected shape), `deadline`, `aborted`
   */
  fetch(root: CID, options: FetchOptions): Promise<{ blocks: number; bytes: number }>
}

export interface FetchOptions {
  /** Upper bound of all bytes under `root`. */
  readonly maxBytes: number
  /** What `root` must be. `file` refuses a directory and the reverse. */
  readonly shape: 'file' | 'directory' | 'block'
  /** For `file`: the exact UnixFS file size; anything else is refused before a leaf is read. */
  readonly fileBytes?: number
  /** Multiaddrs (with /p2p/) of peers that should have it, best first. */
  readonly providers?: readonly string[]
  readonly timeoutMs: number
  /** Abort when no block arrives for this long. */
  readonly stallMs?: number
  readonly signal?: AbortSignal
  /** `soon`: a file may become durable a little after it is here. */
  readonly durable?: 'now' | 'soon'
  readonly onProgress?: (progress: { blocks: number; bytes: number }) => void
}
