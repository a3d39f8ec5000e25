import type { StartingStatus } from 'coldmesh'
import type { FastifyInstance } from 'fastify'
import { HttpError } from './http-error.ts'
import { noFields } from './shapes.ts'

/** All that a daemon can do before it has found its network: say so, and stop. */
export function addStartingRoutes(
  app: FastifyInstance,
  { status, onStop }: { readonly status: () => StartingStatus; readonly onStop: () => void },
): void {
  app.get('/v1/status', async () => ({ running: true, ...status() }))
  app.post('/v1/stop', async (request, reply) => {
    const parsed = noFields.safeParse(request.body ?? {})
    if (!parsed.success) throw new HttpError('bad-request', 'There are no fields here.')
    reply.raw.on('finish', onStop)
    return reply.code(202).send({})
  })
  app.all('/v1/*', async () => {
    throw new HttpError(
      'busy',
      'The daemon has not found its network yet.',
      '`coldmesh status` says what it waits for.',
    )
  })
}
