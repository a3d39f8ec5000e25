import type { CID } from 'multiformats/cid'
import {
  type Archive,
  type ArchiveContents,
  archive as archiveDeclaration,
} from '../../../protocols/archive/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import type { Network } from '../../rounds/network.ts'

/** An `archive/1` object. */
export interface ArchiveObject {
  readonly root: CID
  readonly block: Uint8Array
  readonly archive: Archive
}

/** What an archive of a base says: a function of the chain and of `contents`. */
export function describeArchive(options: {
  readonly network: Network
  readonly base: CID
  readonly round: number
  /** Of the base; null for a mere proposal. */
  readonly certificate: Uint8Array | null
  readonly contents: ArchiveContents
}): ArchiveObject {
  const { network, base, round, contents } = options
  const certificate = equalCids(base, network.genesis.base) ? null : options.certificate
  const block = archiveDeclaration.encode({ network: network.id, base, round, certificate, contents })
  return { root: idOf(block), block, archive: archiveDeclaration.decode(block) }
}
