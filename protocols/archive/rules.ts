import type { CID } from 'multiformats/cid'
import { equalBytes, equalCids } from '../wire/bytes.ts'
import { decodeCanonical, idOf, MalformedError } from '../wire/codec.ts'
import { sha256 } from '../wire/crypto.ts'
import { cid, list, messageId, record, uint } from '../wire/fields.ts'
import { MAX_ARCHIVE_BLOCK_BYTES, MAX_ARCHIVE_HEADER_BYTES } from '../wire/limits.ts'
import { ACCEPT, reject, type Verdict } from '../wire/verdict.ts'
import { type Archive, archive } from './messages.ts'

const header = record({ roots: list(messageId(), { min: 1, max: 1 }), version: uint({ min: 1, max: 1 }) })
const name = cid('dag-cbor', 'dag-pb', 'raw')

/** SPEC 11.1: the root that the header of an archive names. @param bytes of the header, without its length */
export function readArchiveHeader(bytes: Uint8Array): CID | Verdict {
  try {
    const [root] = header.read(decodeCanonical(bytes, MAX_ARCHIVE_HEADER_BYTES), 'header').roots
    if (root !== undefined) return root
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
  }
  // [REJECT] SPEC 11.1: canonical, of version 1, with one root, a message.
  return reject('archive-header')
}

/** SPEC 11.2: a section, whose length said where its block ends. */
export function judgeSection(section: { readonly cid: CID; readonly block: Uint8Array }): Verdict {
  // [REJECT] SPEC 11.2: a CID as ours are, and a block that is not too long.
  if (!isOurs(section.cid) || section.block.length > MAX_ARCHIVE_BLOCK_BYTES) return reject('archive-section')
  // [REJECT] SPEC 11.2: the block is what the CID says.
  if (!equalBytes(sha256(section.block), section.cid.multihash.digest)) return reject('archive-block')
  return ACCEPT
}

function isOurs(found: CID): boolean {
  try {
    name.read(found, 'section')
    return true
  } catch {
    return false
  }
}

/** SPEC 11.3: what an archive is of. @param block the first of the file */
export function openArchive(root: CID, block: Uint8Array): Archive | Verdict {
  // [REJECT] SPEC 11.3: the first block is the root.
  if (!equalCids(root, idOf(block))) return reject('archive-root')
  try {
    return archive.decode(Uint8Array.from(block))
  } catch (error) {
    if (error instanceof MalformedError) return reject(`archive-${error.reason}`)
    throw error
  }
}

/** What is known of an archive's base. */
export interface ArchiveView {
  /** CID of the genesis' base. */
  readonly start: CID
  /** Of the base's lineage; null when it has none that decodes. */
  readonly round: number | null
}

/** SPEC 11.5: an archive says of its base what the base's own lineage says. */
export function judgeArchive({ base, round, certificate }: Archive, view: ArchiveView): Verdict {
  const expected = equalCids(base, view.start) ? 0 : view.round
  // [REJECT] SPEC 11.5: of the base's round.
  if (expected !== null && round !== expected) return reject('archive-wrong-round')
  // [REJECT] SPEC 11.5: nobody certifies the genesis' base.
  if (expected === 0 && certificate !== null) return reject('archive-certificate')
  return ACCEPT
}

/** SPEC 11.4: the blocks of a file, one after the other, beside those of Order. Null: there are no more. */
export function judgeOrder(expected: CID | null, found: CID | null): Verdict {
  // [REJECT] SPEC 11.4: none is missing, twice, besides, or elsewhere.
  return equalCids(expected, found) ? ACCEPT : reject('archive-order')
}
