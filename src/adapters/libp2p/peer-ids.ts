import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'

/** The libp2p peer id, as text, of a 32-byte Ed25519 public key. */
export function peerIdOf(key: Uint8Array): string {
  return peerIdFromPublicKey(publicKeyFromRaw(key)).toString()
}

/** The peer id at the end of a multiaddr; a bad address is reported when it is dialled. */
export function peerOf(address: string): string | undefined {
  try {
    return multiaddr(address)
      .getComponents()
      .findLast(({ name }) => name === 'p2p')?.value
  } catch {
    return undefined
  }
}
