import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { sha256 } from '../../protocols/wire/crypto.ts'

const RAW = 0x55
const DAG_PB = 0x70
const SHA2_256 = 0x12
/** Version, codec, hash code and digest length, one byte each, and a digest of 32. */
const CID_BYTES = 36

/** CID of a leaf: a block of plain bytes. */
export { rawCid } from '../../protocols/wire/codec.ts'

/** CID of a UnixFS node. */
export function dagPbCid(block: Uint8Array): CID {
  return CID.createV1(DAG_PB, createDigest(SHA2_256, sha256(block)))
}

/** CIDv1, sha2-256 with the full 32-byte digest, dag-pb or raw, each number in its shortest form: all that coldmesh accepts for content. */
export function isCanonicalCid(cid: CID): boolean {
  const isFullSha256 = cid.version === 1 && cid.multihash.code === SHA2_256 && cid.bytes.length === CID_BYTES
  return isFullSha256 && (cid.code === RAW || cid.code === DAG_PB)
}

export function isRawCid(cid: CID): boolean {
  return isCanonicalCid(cid) && cid.code === RAW
}

export function isDagPbCid(cid: CID): boolean {
  return isCanonicalCid(cid) && cid.code === DAG_PB
}
