import type { Mesh } from '../../ports/mesh.ts'

/** `auto`: where somebody is connected from another network than ours, over which packing is quicker than sending. */
export const DELTA_MODES = ['auto', 'on', 'off'] as const
export type DeltaMode = (typeof DELTA_MODES)[number]

/** Whether a delta is worth making. */
export function wantsDeltas(mode: DeltaMode, mesh: Pick<Mesh, 'peers'>): boolean {
  if (mode !== 'auto') return mode === 'on'
  return mesh.peers().some(({ addresses }) => addresses.length > 0 && !addresses.some(isNear))
}

const NEAR = [
  /^\/ip4\/(?:127|10)\./,
  /^\/ip4\/192\.168\./,
  /^\/ip4\/172\.(?:1[6-9]|2\d|3[01])\./,
  /^\/ip4\/169\.254\./,
  /^\/ip6\/(?:::1|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i,
]

/** A multiaddr of this machine or its local network. */
export function isNear(address: string): boolean {
  return NEAR.some((pattern) => pattern.test(address))
}
