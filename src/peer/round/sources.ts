import { ColdmeshError } from '../../ports/errors.ts'
import { UNAVAILABLE } from '../../rounds/collect.ts'
import type { PeerContext } from '../context.ts'
import { isOwnTrouble } from '../troubles.ts'

/** A word for people and for the machine: what could not be had, against what is wrong. Our own disk proves nothing wrong. */
export function reasonOf(error: unknown, { log, troubles }: Pick<PeerContext, 'log' | 'troubles'>): string {
  if (isOwnTrouble(error)) {
    troubles.report('blocks', error)
    return UNAVAILABLE
  }
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
