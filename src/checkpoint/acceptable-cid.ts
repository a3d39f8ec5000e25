import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../ports/errors.ts'

export const RAW = 0x55
export const DAG_PB = 0x70
export const DAG_CBOR = 0x71
const SHA2_256 = 0x12
const DIGEST_BYTES = 32

/** Version 1, sha2-256 of full length, raw, dag-pb or dag-cbor: the only names this network uses. */
export function isAcceptableCid(cid: CID): boolean {
  return (
    cid.version === 1 &&
    (cid.code === RAW || cid.code === DAG_PB || cid.code === DAG_CBOR) &&
    cid.multihash.code === SHA2_256 &&
    cid.multihash.digest.byteLength === DIGEST_BYTES
  )
}

/** @throws ColdmeshError `bad-checkpoint`: another version, codec, hash or digest length */
export function requireAcceptableCid(cid: CID): void {
  if (isAcceptableCid(cid)) return
  throw new ColdmeshError('bad-checkpoint', 'A CID is not version 1 with a full SHA-256 of raw or dag-pb bytes.', {
    facts: {
      reason: 'bad-cid',
      cid: cid.toString(),
      version: cid.version,
      codec: cid.code,
      hash: cid.multihash.code,
      digestBytes: cid.multihash.digest.byteLength,
    },
  })
}
