import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ColdmeshError } from '../../ports/errors.ts'
import type { BlocksHere } from './block-reader.ts'
import { type Asker, createHandler, type HandlerOptions } from './handler.ts'
import { createLeafBuffers } from './kept-leaves.ts'
import {
  DEFAULT_CONNECTIONS_PER_HOST,
  DEFAULT_HEADERS_MS,
  DEFAULT_KEEP_ALIVE_MS,
  DEFAULT_LEAF_BUFFERS,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_HEADER_BYTES,
  DEFAULT_SLOT_WAIT_MS,
  DEFAULT_UPLOADS,
  DEFAULT_UPLOADS_PER_PEER,
  DEFAULT_WAITING_UPLOADS,
} from './limits.ts'
import { createNodeReader } from './node-reader.ts'
import { createUploadRate, UNLIMITED } from './upload-rate.ts'
import { createUploadSlots } from './upload-slots.ts'

export interface GatewayOptions
  extends Pick<HandlerOptions, 'files' | 'log'>,
    Partial<Pick<HandlerOptions, 'isUrgent'>> {
  readonly blocks: BlocksHere
  /** Where plain HTTP listens; port 0 takes a free one. None: only over libp2p. */
  readonly listen: readonly { readonly host: string; readonly port: number }[]
  /** Bytes a second of all answers together; without it there is no limit. */
  readonly maxUpload?: number | undefined
  readonly limits?: Partial<GatewayLimits>
}

export interface GatewayLimits {
  readonly headersMs: number
  readonly keepAliveMs: number
  readonly uploads: number
  readonly uploadsPerPeer: number
  readonly slotWaitMs: number
  readonly connectionsPerHost: number
}

export interface Gateway extends AsyncDisposable {
  /** Where it listens, as others on this machine reach it; null when it does not listen. */
  readonly url: string | null
  readonly ports: readonly number[]
  /** Serves over a stream of a peer. */
  attach(stream: Duplex, peer: string): void
  stop(): Promise<void>
}

/** Serves what is here by the Trustless Gateway protocol of IPFS. @throws ColdmeshError `refused`: the port is taken */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, maxUpload } = options
  const limits: GatewayLimits = {
    headersMs: DEFAULT_HEADERS_MS,
    keepAliveMs: DEFAULT_KEEP_ALIVE_MS,
    uploads: DEFAULT_UPLOADS,
    uploadsPerPeer: DEFAULT_UPLOADS_PER_PEER,
    slotWaitMs: DEFAULT_SLOT_WAIT_MS,
    connectionsPerHost: DEFAULT_CONNECTIONS_PER_HOST,
    ...options.limits,
  }
  const handle = createHandler({
    readNode: createNodeReader(options.blocks),
    files: options.files,
    log,
    leafBuffers: createLeafBuffers(DEFAULT_LEAF_BUFFERS),
    isUrgent: options.isUrgent ?? (() => false),
    rate: maxUpload === undefined ? UNLIMITED : createUploadRate(maxUpload),
    slots: createUploadSlots({
      total: limits.uploads,
      perKey: limits.uploadsPerPeer,
      maxWaiting: DEFAULT_WAITING_UPLOADS,
      waitMs: limits.slotWaitMs,
    }),
  })
  const askers = new WeakMap<Duplex, Asker>()
  const newServer = (): Server => {
    const server = createServer({
      maxHeaderSize: DEFAULT_MAX_HEADER_BYTES,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.headersMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, limits.headersMs),
      noDelay: true,
    })
    server.on('request', (request, response) => {
      const { socket } = request
      void handle(request, response, askers.get(socket) ?? { key: socket.remoteAddress ?? 'unknown', reuse: true })
    })
    return server
  }
  const overStreams = newServer()
  const servers: Server[] = [overStreams]
  const sockets = new Set<Duplex>()
  const keep = (socket: Duplex): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  const addresses: { host: string; port: number }[] = []

  async function stop(): Promise<void> {
    const closed = servers.filter(({ listening }) => listening).map((server) => once(server, 'close'))
    for (const server of servers) server.close()
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
  }

  try {
    for (const { host, port } of options.listen) {
      const server = newServer()
      const perHost = createHostCount(limits.connectionsPerHost)
      server.maxConnections = DEFAULT_MAX_CONNECTIONS
      server.on('connection', (socket: Socket) => {
        if (!perHost.admit(socket)) return void socket.destroy()
        keep(socket)
      })
      // One port for all hosts where that can be had.
      const first = addresses[0]?.port
      const wanted = port === 0 && first !== undefined ? first : port
      addresses.push({ host, port: await listenOn(server, host, wanted, port) })
      servers.push(server)
    }
  } catch (error) {
    await stop()
    throw error
  }
  const ports = [...new Set(addresses.map(({ port }) => port))]
  const [first] = addresses
  const altSvc = ports.length === 0 ? undefined : ports.map((port) => `http%2F1.1=":${port}"`).join(', ')
  const gateway: Gateway = {
    url: first === undefined ? null : urlOf(first),
    ports,
    attach(stream, peer) {
      askers.set(stream, { key: peer, reuse: false, altSvc })
      keep(stream)
      overStreams.emit('connection', stream)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
  log.info('gateway', { url: gateway.url })
  return gateway
}

async function listenOn(server: Server, host: string, port: number, otherwise: number): Promise<number> {
  try {
    await listen(server, host, port)
  } catch (error) {
    if (port === otherwise) throw cannotListen(host, port, error)
    await listen(server, host, otherwise).catch((cause: unknown) => {
      throw cannotListen(host, otherwise, cause)
    })
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function cannotListen(host: string, port: number, cause: unknown): ColdmeshError {
  return new ColdmeshError('refused', `The gateway could not listen on ${host}:${port}.`, {
    facts: { host, port },
    hint: 'Another program may use this port: choose another with --gateway HOST:PORT, or --gateway off.',
    cause,
  })
}

/** A host that listens everywhere is reached at the loopback address. */
function urlOf({ host, port }: { host: string; port: number }): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIP(name) === 6 ? `[${name}]` : name}:${port}`
}

function createHostCount(max: number): { admit(socket: Socket): boolean } {
  const counts = new Map<string, number>()
  return {
    admit(socket) {
      const host = socket.remoteAddress ?? 'unknown'
      const count = counts.get(host) ?? 0
      if (count >= max) return false
      counts.set(host, count + 1)
      socket.once('close', () => {
        const left = (counts.get(host) ?? 1) - 1
        if (left > 0) counts.set(host, left)
        else counts.delete(host)
      })
      return true
    },
  }
}
