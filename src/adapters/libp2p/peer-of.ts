import { multiaddr } from '@multiformats/multiaddr'

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
