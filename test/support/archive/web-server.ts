import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface WebServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string
  /** Paths with their queries, as they were asked for. */
  readonly asked: string[]
}

/** On loopback, at a free port. */
export async function serveWeb(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<WebServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
