import type { ServerResponse } from 'node:http'
import { HttpError } from './http-error.ts'

const MAX_CLIENTS = 16
const MAX_BUFFERED_BYTES = 1_000_000
const HEARTBEAT_MS = 15_000

export interface EventStreams {
  /** Sends events until they end or the client leaves. @throws HttpError `busy` */
  open(response: ServerResponse, events: (signal: AbortSignal) => AsyncIterable<{ readonly type: string }>): void
  closeAll(): void
}

/** Server-sent events to a bounded number of clients; one that does not read is dropped, never waited for. */
export function createEventStreams(): EventStreams {
  const clients = new Set<AbortController>()
  return {
    open(response, events) {
      if (clients.size >= MAX_CLIENTS) throw new HttpError('busy', `${MAX_CLIENTS} clients follow events already.`)
      const controller = new AbortController()
      const source = events(controller.signal)
      clients.add(controller)
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
      response.write(': connected\n\n')
      const heartbeat = setInterval(() => response.write(': alive\n\n'), HEARTBEAT_MS)
      const close = (): void => {
        clearInterval(heartbeat)
        clients.delete(controller)
        controller.abort()
        response.end()
      }
      response.on('close', close)
      response.on('error', close)
      controller.signal.addEventListener('abort', close, { once: true })
      void send(response, source).then(close, close)
    },
    closeAll() {
      for (const client of clients) client.abort()
    },
  }
}

async function send(response: ServerResponse, events: AsyncIterable<{ readonly type: string }>): Promise<void> {
  for await (const event of events) {
    if (response.destroyed || response.writableLength > MAX_BUFFERED_BYTES) {
      response.destroy()
      return
    }
    // JSON has no raw line breaks, so one event is always one `data` line.
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
}
