import { isIP } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { ColdmeshError } from '../../ports/errors.ts'
import type { GatewaySettings } from './gateway-exchange.ts'

/**
 * Where the gateway listens: `off`, or HOST:PORT, or else on the hosts that libp2p listens on, at any free port.
 * @throws ColdmeshError `bad-input`
 */
export function gatewaySettings(
  { gateway, maxUpload }: { readonly gateway?: string | undefined; readonly maxUpload?: number | undefined },
  listen: readonly string[],
): GatewaySettings {
  if (gateway === 'off') return { listen: [], maxUpload }
  if (gateway !== undefined) return { listen: [parseHostPort(gateway)], maxUpload }
  const hosts = new Set(listen.flatMap(hostsIn))
  return { listen: [...hosts].map((host) => ({ host, port: 0 })), maxUpload }
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`. @throws ColdmeshError `bad-input` */
function parseHostPort(text: string): { host: string; port: number } {
  const [, v6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:/\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = v6 ?? name
  const port = Number(digits)
  if (host === undefined || port > 65_535 || (v6 !== undefined && isIP(v6) !== 6)) {
    throw new ColdmeshError('bad-input', `The gateway listens on HOST:PORT or is off, not "${text.slice(0, 100)}".`, {
      hint: 'For example --gateway 127.0.0.1:8080, --gateway 0.0.0.0:8080 or --gateway off.',
    })
  }
  return { host, port }
}

function hostsIn(address: string): string[] {
  try {
    const found = multiaddr(address).getComponents()
    return found.flatMap(({ name, value }) =>
      (name === 'ip4' || name === 'ip6') && value !== undefined ? [value] : [],
    )
  } catch {
    // Said by whoever listens on it.
    return []
  }
}
