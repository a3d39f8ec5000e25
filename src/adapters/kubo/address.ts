import { ColdmeshError } from '../../ports/errors.ts'

/** Before the address of Kubo's RPC API. */
export const KUBO_PREFIX = 'kubo:'

const EXAMPLE = 'kubo:http://127.0.0.1:5001'

/** Where Kubo's RPC API is, and what it asks to see. */
export interface KuboAddress {
  /** Ends with a slash; without user and password. */
  readonly url: string
  /** Of the header Authorization, where the address has a user and a password: a secret. */
  readonly authorization: string | null
}

/**
 * Reads `kubo:http://HOST:PORT`, with `USER:PASSWORD@` where Kubo asks for them, or `kubo:/ip4/HOST/tcp/PORT`.
 * @throws ColdmeshError `bad-input`
 */
export function parseKuboAddress(text: string): KuboAddress {
  if (!text.startsWith(KUBO_PREFIX)) throw notAnAddress('It does not begin with "kubo:".')
  const rest = text.slice(KUBO_PREFIX.length)
  const url = parseUrl(rest.startsWith('/') ? urlOfMultiaddr(rest) : rest)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw notAnAddress('It is neither http nor https.')
  if (url.search !== '' || url.hash !== '') throw notAnAddress('It has a query or a fragment.')
  if (!/^\/(api\/v0\/?)?$/.test(url.pathname)) throw notAnAddress('It has a path.')
  const { username, password } = url
  const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    url: `${url.origin}/api/v0/`,
    authorization: username === '' ? null : `Basic ${Buffer.from(secret).toString('base64')}`,
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw notAnAddress('It is no URL.')
  return url
}

/** As in the file `api` of Kubo's repository: a host, a port, and `http` or `https` if that is said. */
function urlOfMultiaddr(text: string): string {
  const [, kind, host, port, scheme = 'http'] =
    /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d+)(?:\/(https?))?\/?$/.exec(text) ?? []
  if (host === undefined) throw notAnAddress('It is no multiaddr of a host and a TCP port.')
  return `${scheme}://${kind === 'ip6' ? `[${host}]` : host}:${port}`
}

/** Without the address: it may have a password. */
function notAnAddress(why: string): ColdmeshError {
  return new ColdmeshError('bad-input', `This is not the address of a Kubo node's RPC API. ${why}`, {
    hint: `Write it as ${EXAMPLE} or kubo:/ip4/127.0.0.1/tcp/5001: \`ipfs config Addresses.API\` says where it is.`,
  })
}
