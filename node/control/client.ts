import { type IncomingMessage, request as openRequest } from 'node:http'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { isErrorCode } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { type ControlFile, readControlFile } from './control-file.ts'
import { errorAnswer } from './shapes.ts'

const MAX_ANSWER_BYTES = 16_000_000
const PING_TIMEOUT_MS = 10_000
const CONNECT_HINT = 'Is the daemon still running? `coldmesh status` says.'

export interface DaemonClient {
  get<Shape extends z.ZodType>(path: string, shape: Shape, signal?: AbortSignal): Promise<z.output<Shape>>
  post<Shape extends z.ZodType>(
    path: string,
    body: object,
    shape: Shape,
    signal?: AbortSignal,
  ): Promise<z.output<Shape>>
  /** Server-sent events' data, until the daemon ends them. */
  events(path: string, signal: AbortSignal): AsyncIterable<unknown>
}

/** The daemon that runs on `dataDir`, or null when none does (a control.json left by a killed one counts as none). */
export async function findDaemon(dataDir: string): Promise<DaemonClient | null> {
  const file = readControlFile(dataDir)
  if (file === null) return null
  const client = createClient(file)
  try {
    await client.get('/v1/status', z.unknown(), AbortSignal.timeout(PING_TIMEOUT_MS))
    return client
  } catch (error) {
    if (error instanceof CliError && error.code === 'aborted') {
      throw new CliError('deadline', `The daemon on ${dataDir} does not answer.`, { hint: CONNECT_HINT, cause: error })
    }
    // Someone else's process has the number of a daemon that was killed, or its port.
    if (error instanceof CliError && (error.code === 'unreachable' || error.facts['http'] === 401)) return null
    throw error
  }
}

/** @throws CliError `unreachable` when no daemon runs on `dataDir` */
export async function requireDaemon(dataDir: string): Promise<DaemonClient> {
  const client = await findDaemon(dataDir)
  if (client !== null) return client
  throw new CliError('unreachable', `No daemon runs on ${dataDir}.`, {
    hint: `Start one: coldmesh daemon --dir ${dataDir}`,
  })
}

function createClient({ port, token }: ControlFile): DaemonClient {
  const send = (method: string, path: string, body: object | null, signal: AbortSignal | undefined) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      }
      const request = openRequest({ host: '127.0.0.1', port, method, path, headers, agent: false })
      request.on('response', resolve)
      request.on('error', (cause) => reject(failed(cause, signal)))
      signal?.addEventListener('abort', () => request.destroy(), { once: true })
      request.end(body === null ? undefined : JSON.stringify(body))
    })

  const call = async <Shape extends z.ZodType>(
    { method, path, body }: { method: string; path: string; body: object | null },
    shape: Shape,
    signal: AbortSignal | undefined,
  ): Promise<z.output<Shape>> => {
    signal?.throwIfAborted()
    const response = await send(method, path, body, signal)
    const answer = await readJson(response, signal)
    throwIfRefused(response, answer)
    const parsed = shape.safeParse(answer)
    if (!parsed.success) throw new CliError('unsupported', `The daemon's answer to ${path} is not understood.`)
    return parsed.data
  }

  return {
    get: (path, shape, signal) => call({ method: 'GET', path, body: null }, shape, signal),
    post: (path, body, shape, signal) => call({ method: 'POST', path, body }, shape, signal),
    async *events(path, signal) {
      signal.throwIfAborted()
      const response = await send('GET', path, null, signal)
      if (response.statusCode !== 200) throwIfRefused(response, await readJson(response, signal))
      response.on('error', () => {})
      for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
      }
    },
  }
}

async function readJson(response: IncomingMessage, signal: AbortSignal | undefined): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response) {
      const part = Buffer.from(chunk)
      bytes += part.length
      if (bytes > MAX_ANSWER_BYTES) throw new CliError('too-large', "The daemon's answer is too long.")
      chunks.push(part)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw cause instanceof CliError ? cause : failed(cause, signal)
  }
}

function throwIfRefused(response: IncomingMessage, answer: unknown): void {
  const http = response.statusCode ?? 0
  if (http >= 200 && http < 300) return
  const parsed = errorAnswer.safeParse(answer)
  if (!parsed.success) throw new CliError('unreachable', `The daemon answered ${http}.`, { facts: { http } })
  const { code, message, hint } = parsed.data.error
  throw new CliError(isErrorCode(code) ? code : http === 400 ? 'bad-input' : 'refused', message, {
    facts: { http },
    ...(hint === null ? {} : { hint }),
  })
}

function failed(cause: unknown, signal: AbortSignal | undefined): CliError {
  if (signal?.aborted) return new CliError('aborted', 'Interrupted.', { cause })
  return new CliError('unreachable', 'The daemon does not answer.', { hint: CONNECT_HINT, cause })
}
