import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'

/** Whether these bytes are what a CID with SHA-256 names. */
export function isBlockOf(cid: CID, block: Uint8Array): boolean {
  return hash('sha256', block, 'buffer').equals(cid.multihash.digest)
}
