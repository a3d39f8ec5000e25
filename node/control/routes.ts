import type { AmendmentChange, LogEntry, Peer } from 'coldmesh'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { z } from 'zod'
import { defined } from '../defined.ts'
import { PROGRAM } from '../package-root.ts'
import type { EventStreams } from './event-stream.ts'
import { HttpError } from './http-error.ts'
import type { Joins } from './joins.ts'
import {
  amendmentParams,
  amendmentRequest,
  archiveRequest,
  baseParams,
  type DaemonStatus,
  eventsQuery,
  evidenceRequest,
  exportRequest,
  importRequest,
  inviteRequest,
  joinParams,
  joinRequest,
  logQuery,
  noFields,
  reportRequest,
  reportsQuery,
  roundParams,
  verifyRequest,
} from './shapes.ts'

export interface RouteOptions {
  readonly peer: Peer
  readonly joins: Joins
  readonly streams: EventStreams
  readonly onStop: () => void
}

/** GET never changes anything. */
export function addRoutes(app: FastifyInstance, { peer, joins, streams, onStop }: RouteOptions): void {
  app.get('/v1/status', async () => statusOf(peer))
  app.get('/v1/peers', async () => ({ peers: peer.peers() }))
  app.get('/v1/rounds', async (request) => {
    const { base, limit } = read(logQuery, request.query)
    return { rounds: await take(peer.log(base), limit) }
  })
  app.get('/v1/rounds/:round', async (request) => {
    const { round } = read(roundParams, request.params)
    return await first(peer.log(), (entry) => entry.round === round, `There is no round ${round} here.`)
  })
  app.get('/v1/bases/:cid', async (request) => {
    const { cid } = read(baseParams, request.params)
    return await first(peer.log(), ({ base }) => base === cid, 'This base is not in the lineage.')
  })
  app.get('/v1/reports', async (request) => ({ reports: peer.reports(read(reportsQuery, request.query).base) }))
  app.get('/v1/evidence', async () => ({
    evidence: peer.evidence().map(({ report, bytes }) => ({ report, bytes: Buffer.from(bytes).toString('base64') })),
  }))
  app.get('/v1/events', async (request, reply) => {
    const { join } = read(eventsQuery, request.query)
    streams.open(reply.raw, (signal) => (join === undefined ? peer.events({ signal }) : joins.follow(join, signal)))
    reply.hijack()
  })

  app.post('/v1/invite', async (request) => {
    const { for: key, rounds } = read(inviteRequest, request.body)
    return peer.vouch({ for: key, ...defined({ rounds }) })
  })
  app.post('/v1/join', async (request, reply) => {
    const id = await joins.start(read(joinRequest, request.body))
    return reply.code(202).send({ join: id })
  })
  app.post('/v1/join/:id/cancel', async (request) => {
    joins.cancel(read(joinParams, request.params).id)
    return {}
  })
  app.post('/v1/verify', async (request, reply) => {
    const { base, resume: file, ...asked } = read(verifyRequest, request.body)
    const resume = file === undefined ? undefined : { file, by: PROGRAM }
    return await peer.verify(base, { ...defined({ ...asked, resume }), signal: signalOf(reply) })
  })
  app.post('/v1/evidence', async (request) => {
    const { bytes } = read(evidenceRequest, request.body)
    return peer.verifyEvidence(Buffer.from(bytes, 'base64'))
  })
  app.post('/v1/export', async (request) => {
    const { cid, out } = read(exportRequest, request.body)
    return await peer.export(cid, { out })
  })
  app.post('/v1/archives', async (request, reply) => {
    const { base, file, contents } = read(archiveRequest, request.body)
    return await peer.exportArchive(base, { file, signal: signalOf(reply), ...defined({ contents }) })
  })
  app.post('/v1/cars', async (request) => await peer.importCar(read(importRequest, request.body).file))
  app.post('/v1/reports', async (request, reply) => {
    return reply.code(201).send(await peer.report(read(reportRequest, request.body)))
  })
  app.post('/v1/amendments', async (request, reply) => {
    return reply.code(201).send(await peer.amend(changeOf(read(amendmentRequest, request.body))))
  })
  app.post('/v1/amendments/:id/approve', async (request) => {
    read(noFields, request.body ?? {})
    return await peer.approve(read(amendmentParams, request.params).id)
  })
  app.post('/v1/stop', async (request, reply) => {
    read(noFields, request.body ?? {})
    reply.raw.on('finish', onStop)
    return reply.code(202).send({})
  })
}

export function statusOf(peer: Peer): DaemonStatus {
  return { running: true, ...peer.status(), invite: peer.invite() }
}

/** What the request leaves out is left out of the change. */
function changeOf({ round, ...change }: z.output<typeof amendmentRequest>): AmendmentChange {
  return { ...defined(change), ...(round === undefined ? {} : { round: defined(round) }) }
}

/** @throws HttpError `bad-request`, naming the first wrong field */
function read<Shape extends z.ZodType>(shape: Shape, raw: unknown): z.output<Shape> {
  const parsed = shape.safeParse(raw)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')
  throw new HttpError('bad-request', `${where}: ${issue?.message ?? 'is wrong'}.`)
}

async function take(entries: AsyncIterable<LogEntry>, limit: number): Promise<LogEntry[]> {
  const taken: LogEntry[] = []
  for await (const entry of entries) {
    taken.push(entry)
    if (taken.length === limit) break
  }
  return taken
}

async function first(
  entries: AsyncIterable<LogEntry>,
  isWanted: (entry: LogEntry) => boolean,
  absent: string,
): Promise<LogEntry> {
  for await (const entry of entries) if (isWanted(entry)) return entry
  throw new HttpError('not-found', absent)
}

/** Aborted when the client leaves before the answer. */
function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.on('close', () => controller.abort())
  return controller.signal
}
