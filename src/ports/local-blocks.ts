import type { CID } from 'multiformats/cid'

/** Blocks kept here; what comes out matches its CID. */
export interface LocalBlocks {
  has(cid: CID): Promise<boolean>
  /** @throws ColdmeshError `block-missing`, `block-corrupt`, `refused` */
  get(cid: CID): Promise<Uint8Array>
  /** The caller computed the CID. @throws ColdmeshError `too-large`, `bad-checkpoint`, `refused` */
  put(cid: CID, block: Uint8Array): Promise<void>
  delete(cid: CID): Promise<void>
  /** The block if it is here and whole; a rotten one is deleted, so that it can be fetched again. */
  take(cid: CID): Promise<Uint8Array | undefined>
}
