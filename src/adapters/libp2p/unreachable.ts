import { ColdmeshError } from '../../ports/errors.ts'

/** Why a peer could not be reached, with what libp2p said as the cause. */
export function unreachable(peer: string, cause: unknown): ColdmeshError {
  if (cause instanceof ColdmeshError) return cause
  const reason = cause instanceof Error ? cause.name : 'unknown'
  return new ColdmeshError('unreachable', `Could not reach ${peer} (${reason}).`, {
    facts: { peer, reason },
    hint: 'Check that the address is right, the other peer runs, and no firewall is in between.',
    cause,
  })
}
