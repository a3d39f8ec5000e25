import type { CID } from 'multiformats/cid'

/** Blocks kept here; what comes out matches its CID. */
export interface LocalBlocks {
  has(cid: CID): Promise<boolean>
  /**
   * @param into of 2 MiB or more: then the block is a view of it, and nothing is allocated where that can be helped
   * @throws ColdmeshError `block-missing`, `block-corrupt`, `refused`
   */
  get(cid: CID, into?: Uint8Array): Promise<Uint8Array>
  /** Durable when it resolves. The caller computed the CID. @throws ColdmeshError `too-large`, `bad-checkpoint`, `refused` */
  put(cid: CID, block: Uint8Array): Promise<void>
  /** The same for a block that was fetched: a leaf of a file that is being brought here goes to its place, durable with the file. */
  accept(cid: CID, block: Uint8Array): Promise<void>
  /** A block of a file of weights stays as long as the file. */
  delete(cid: CID): Promise<void>
  /** The block if it is here and whole; a rotten one is no longer here then, so that it can be fetched again. */
  take(cid: CID): Promise<Uint8Array | undefined>
}
