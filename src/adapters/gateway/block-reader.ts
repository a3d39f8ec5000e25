import { CID } from 'multiformats/cid'
import { DAG_CBOR, DAG_PB, RAW } from '../../checkpoint/acceptable-cid.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import { GatewayError } from './gateway-error.ts'

const SHA2_256 = 0x12
const IDENTITY = 0x00

export type BlocksHere = Pick<LocalBlocks, 'get' | 'has'>

/** True for a CID that is its own block. */
export function isIdentity(cid: CID): boolean {
  return cid.multihash.code === IDENTITY
}

/** A block that is here, whatever version or codec its CID has; null when it is not. @throws ColdmeshError `refused` */
export async function readBlock(blocks: BlocksHere, cid: CID): Promise<Uint8Array | null> {
  if (isIdentity(cid)) return cid.multihash.digest
  const stored = storedCid(cid)
  if (stored === null) return null
  try {
    return await blocks.get(stored)
  } catch (error) {
    // Rotten bytes are none: whoever asks goes to another peer.
    if (isColdmeshError(error, 'block-missing') || isColdmeshError(error, 'block-corrupt')) return null
    throw error
  }
}

/** As the store names it: by its digest, in version 1; null for a hash that the store does not have. */
export function storedCid(cid: CID): CID | null {
  const { code, digest } = cid.multihash
  if (code !== SHA2_256 || digest.byteLength !== 32) return null
  const isKnown = cid.code === RAW || cid.code === DAG_PB || cid.code === DAG_CBOR
  return CID.createV1(isKnown ? cid.code : RAW, cid.multihash)
}

/** @throws GatewayError 404, 412 */
export function missing(what: string, isOnlyIfCached: boolean): GatewayError {
  return new GatewayError(isOnlyIfCached ? 412 : 404, `${what} is not here, and is not looked for elsewhere.`)
}
