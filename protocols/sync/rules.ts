import type { CID } from 'multiformats/cid'
import { equalCids } from '../wire/bytes.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../wire/verdict.ts'
import type { SyncBase, SyncDelta, SyncHead } from './messages.ts'

/** What a judge of heads asks about the network. */
export interface SyncView {
  readonly network: CID
  /** Opens a certificate of this network, whatever it is for. */
  openCertificate(bytes: Uint8Array): { readonly round: number; readonly base: CID } | Verdict
}

/** SPEC 7: what a peer says its head is. Accepted, it is certified; whether it is newer than ours is another question. */
export function judgeSyncHead(head: SyncHead, view: SyncView): Verdict {
  // [REJECT] SPEC 7.1: of the network that was asked about.
  if (!equalCids(head.network, view.network)) return reject('sync-wrong-network')
  // [IGNORE] SPEC 7.2: without a certificate it says nothing that we don't know.
  if (head.certificate === null) return ignore('sync-uncertified')
  // [REJECT] SPEC 7.3: the certificate holds, and is of this round and base.
  const certificate = view.openCertificate(head.certificate)
  const isOfHead = !('verdict' in certificate) && certificate.round === head.round
  return isOfHead && equalCids(certificate.base, head.base) ? ACCEPT : reject('sync-head-certificate')
}

/** SPEC 7: one base of a page. Its certificate and lineage are judged where its place in the chain is known. */
export function judgeSyncBase(
  base: Pick<SyncBase, 'network' | 'round'>,
  expected: { readonly network: CID; readonly round: number },
): Verdict {
  // [REJECT] SPEC 7.1: of the network that was asked about.
  if (!equalCids(base.network, expected.network)) return reject('sync-wrong-network')
  // [REJECT] SPEC 7.4: ascending from the round that was asked for, without a gap.
  return base.round === expected.round ? ACCEPT : reject('sync-out-of-order')
}

/** SPEC 7: a delta that is offered instead of a checkpoint of so many bytes. */
export function judgeSyncDelta(delta: Pick<SyncDelta, 'bytes'>, checkpoint: { readonly bytes: number }): Verdict {
  // [REJECT] SPEC 7.5: shorter than what it stands for.
  return delta.bytes < checkpoint.bytes ? ACCEPT : reject('sync-delta-too-long')
}
