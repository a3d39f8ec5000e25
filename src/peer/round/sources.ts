import { ColdmeshError } from '../../ports/errors.ts'
import { UNAVAILABLE } from '../../rounds/collect.ts'
import type { PeerContext } from '../context.ts'

/** A word for people and for the machine: what could not be had, against what is wrong. */
export function reasonOf(error: unknown, { log }: Pick<PeerContext, 'log'>): string {
  if (!(error instanceof ColdmeshError)) {
    log.error('fetch-crashed', { error: String(error) })
    return 'internal-error'
  }
  if (['block-missing', 'deadline', 'unreachable', 'aborted'].includes(error.code)) return UNAVAILABLE
  const { reason } = error.facts
  return typeof reason === 'string' ? reason : error.code
}

/** Known addresses of whoever has this key. */
export function addressesOf(
  { mesh, peerIdOf }: Pick<PeerContext, 'mesh' | 'peerIdOf'>,
  key: Uint8Array,
): readonly string[] {
  const id = peerIdOf(key)
  return mesh.peers().find((peer) => peer.id === id)?.addresses ?? []
}
