import type { AddressInfo } from 'node:net'
import type { Peer, StartingStatus } from 'coldmesh'
import { type FastifyInstance, fastify } from 'fastify'
import { CliError } from '../failure.ts'
import { createToken, removeControlFile, writeControlFile } from './control-file.ts'
import { createEventStreams } from './event-stream.ts'
import { guard } from './guard.ts'
import { describeHttpFailure, HttpError } from './http-error.ts'
import { createJoins, type OpenDataset } from './joins.ts'
import { addRoutes } from './routes.ts'
import { addStartingRoutes } from './starting-routes.ts'

const LOOPBACK = '127.0.0.1'
const MAX_BODY_BYTES = 65_536
const MAX_HEADER_BYTES = 16_384
const MAX_CONNECTIONS = 128
const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 5_000
const MAX_PARAM_CHARACTERS = 128

export interface ControlApiOptions {
  readonly peer: Peer
  /** Gets control.json. */
  readonly dataDir: string
  /** 0: any free one. */
  readonly port: number
  readonly openDataset: OpenDataset
  /** A client asked the daemon to stop. */
  readonly onStop: () => void
  /** How long a request may take to arrive. */
  readonly requestTimeoutMs?: number
}

export interface ControlApi {
  readonly url: string
  /** Idempotent. */
  stop(): Promise<void>
}

/** The daemon's API on loopback, for the command line and the dashboard. @throws CliError `refused` when the port is taken */
export async function startControlApi(options: ControlApiOptions): Promise<ControlApi> {
  const { peer, openDataset, onStop } = options
  const streams = createEventStreams()
  const api = await openApi(options, (app) =>
    addRoutes(app, { peer, joins: createJoins({ peer, openDataset }), streams, onStop }),
  )
  return {
    url: api.url,
    stop: async () => {
      streams.closeAll()
      await api.stop()
    },
  }
}

/**
 * The same place while the peer looks for its network: it says what it waits for, and stops; everything else must wait too.
 * @throws CliError `refused` when the port is taken
 */
export async function startStartingApi(
  options: Pick<ControlApiOptions, 'dataDir' | 'port' | 'onStop'> & { readonly status: () => StartingStatus },
): Promise<ControlApi> {
  return await openApi(options, (app) => addStartingRoutes(app, options))
}

async function openApi(
  options: Pick<ControlApiOptions, 'dataDir' | 'port' | 'requestTimeoutMs'>,
  addTo: (app: FastifyInstance) => void,
): Promise<ControlApi> {
  const { dataDir, port, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options
  const token = createToken()
  const app = createApp(requestTimeoutMs)
  let boundPort = 0
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    guard(request.method, request.headers, { port: boundPort, token })
  })
  addTo(app)
  boundPort = await listen(app, port)
  writeControlFile(dataDir, { port: boundPort, token, pid: process.pid })
  let stopping: Promise<void> | null = null
  return {
    url: `http://${LOOPBACK}:${boundPort}`,
    stop: async () => {
      if (stopping === null) {
        removeControlFile(dataDir, process.pid)
        stopping = app.close()
      }
      await stopping
    },
  }
}

function createApp(requestTimeoutMs: number): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: MAX_PARAM_CHARACTERS },
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 2),
    },
    // A malformed URL: no hook has seen this request, so it gets no more than a refusal.
    frameworkErrors: (error, _request, reply) => {
      const { status, body } = describeHttpFailure(error)
      reply.hijack()
      reply.raw.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    },
  })
  app.server.maxConnections = MAX_CONNECTIONS
  app.removeContentTypeParser('text/plain')
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = describeHttpFailure(error)
    void reply.code(status).send(body)
  })
  app.setNotFoundHandler(() => {
    throw new HttpError('not-found', 'There is no such resource.')
  })
  return app
}

async function listen(app: FastifyInstance, port: number): Promise<number> {
  try {
    await app.listen({ host: LOOPBACK, port })
  } catch (cause) {
    await app.close()
    throw new CliError('refused', `The control API cannot listen on ${LOOPBACK}:${port}.`, {
      hint: 'Another process has that port: choose another --api-port, or 0 for any free one.',
      cause,
    })
  }
  const address: AddressInfo | string | null = app.server.address()
  if (address === null || typeof address === 'string') throw new Error('the control API has no port')
  return address.port
}
