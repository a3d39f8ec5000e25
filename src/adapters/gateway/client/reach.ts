import type { Duplex } from 'node:stream'
import { LEAVES_HEADER } from '../leaf-ranges.ts'
import { DEFAULT_CONNECT_MS } from '../limits.ts'
import type { Within } from './exchange.ts'
import { httpSource, type Source, streamSource } from './source.ts'
import { sourceError } from './source-error.ts'

/** How a peer that is connected is reached. */
export interface Reach {
  /** A stream of the protocol `/http/1.1`. */
  open(peer: string, signal: AbortSignal): Promise<Duplex>
  /** The host at the other end of its connection; null over a relay. */
  hostOf(peer: string): string | null
}

/** A way to a peer, and the way that is left where that one fails. */
export interface FoundSource {
  readonly source: Source
  readonly fallback: Source | null
  /** What it said when it was asked for this block: of a file that it is still getting, which leaves it has. */
  readonly said: { readonly cid: string; readonly leaves: string | undefined }
}

const MAX_PORTS = 2

/**
 * Asks a peer whether it has a block, over a stream; where plain HTTP listens too, as its answer says, that way is taken. Only the host that we are
 * connected to is asked: a peer can't send us to another.
 * @throws SourceError
 */
export async function findSource(
  reach: Reach,
  { peer, cid, ...within }: Within & { readonly peer: string; readonly cid: string },
): Promise<FoundSource> {
  const stream = streamSource(peer, (stop) => reach.open(peer, stop))
  const path = `/ipfs/${cid}?format=raw`
  const response = await stream.ask('HEAD', path, within)
  const ports = portsOf(response.headers.get('alt-svc'))
  const host = reach.hostOf(peer)
  const said = { cid, leaves: response.headers.get(LEAVES_HEADER) }
  for (const port of host === null ? [] : ports) {
    const http = httpSource(peer, { host: host ?? '', port })
    try {
      await http.ask('HEAD', path, { ...within, answerMs: DEFAULT_CONNECT_MS })
      return { source: http, fallback: stream, said }
    } catch (error) {
      http.close()
      within.signal.throwIfAborted()
      const { fault } = sourceError(error)
      if (fault === 'busy') return { source: http, fallback: stream, said }
    }
  }
  return { source: stream, fallback: null, said }
}

/** Ports of HTTP/1.1 on the same host. */
function portsOf(text = ''): readonly number[] {
  return [...text.matchAll(/(?:^|[,\s])http%2F1\.1=":(\d{1,5})"/gi)]
    .map(([, port]) => Number(port))
    .filter((port) => port > 0 && port <= 65_535)
    .slice(0, MAX_PORTS)
}
