import type { CID } from 'multiformats/cid'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { decodeLineage } from '../../../protocols/lineage/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { type OpenedBase, openBase } from '../../checkpoint/base.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Network } from '../../rounds/network.ts'
import { type BadLink, badLinkOf } from './bad-link.ts'

/** A base's directory and lineage, decoded; nothing is checked but that they are of this network. */
export interface LoadedRound {
  readonly round: number
  readonly base: CID
  readonly files: OpenedBase
  /** lineage.cbor */
  readonly bytes: Uint8Array
  readonly lineage: Lineage
}

export async function loadRound(network: Network, store: ContentStore, base: CID): Promise<LoadedRound | BadLink> {
  const get = (cid: CID) => store.get(cid)
  let files: OpenedBase
  try {
    files = await openBase(base, get)
  } catch (error) {
    return badLinkOf(error, 'directory')
  }
  if (files.lineage === null) return { link: 'lineage', reason: 'The directory has no lineage.cbor.' }
  try {
    const bytes = await store.get(files.lineage)
    const lineage = decodeLineage(bytes)
    if (equalCids(lineage.network, network.id)) return { round: lineage.round, base, files, bytes, lineage }
    return {
      link: 'genesis',
      reason: `The lineage is of the network ${lineage.network}, the genesis is ${network.id}.`,
    }
  } catch (error) {
    return badLinkOf(error, 'lineage')
  }
}
