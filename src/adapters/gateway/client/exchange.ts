import { DEFAULT_ANSWER_STALL_MS } from '../limits.ts'
import { createResponseParser, type Head, ResponseError } from './response-parser.ts'
import { SourceError, sourceError } from './source-error.ts'
import type { Transport } from './transport.ts'

export interface Within {
  readonly signal: AbortSignal
  /** How long the head of an answer may take. */
  readonly answerMs?: number | undefined
}

/** An answer whose body is still to come. */
export interface Answer extends Head {
  /** Begins to give the body. A chunk is out of use when `onChunk` returns. `onEnd` comes once. */
  read(onChunk: (chunk: Uint8Array) => void, onEnd: (error: SourceError | null) => void): void
  pause(): void
  resume(): void
  readonly isPaused: boolean
  /** The rest is not wanted. */
  leave(): void
}

/**
 * One request and the head of its answer.
 * @param onFree the connection may be used again
 * @throws SourceError
 */
export function exchange(
  transport: Transport,
  { method, path, host }: { readonly method: 'GET' | 'HEAD'; readonly path: string; readonly host: string },
  options: Within & { readonly onFree: () => void },
): Promise<Answer> {
  const { signal, answerMs = DEFAULT_ANSWER_STALL_MS } = options
  return new Promise((resolve, reject) => {
    /** Of the body, what came with the head, before anybody read. */
    const early: Uint8Array[] = []
    let onChunk: ((chunk: Uint8Array) => void) | null = null
    let onEnd: (error: SourceError | null) => void = () => {}
    let ended: { readonly error: SourceError | null } | null = null
    let isPaused = false

    const finish = (error: SourceError | null): void => {
      if (ended !== null) return
      ended = { error }
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      if (error !== null) {
        transport.destroy()
        reject(error)
      }
      if (onChunk !== null) onEnd(error)
    }
    const fail = (error: unknown): void => {
      finish(
        error instanceof ResponseError
          ? new SourceError('failed', error.message, { cause: error })
          : sourceError(error),
      )
    }
    const stop = (): void => finish(new SourceError('failed', 'not wanted any more', { cause: signal.reason }))
    const timer = setTimeout(() => finish(new SourceError('failed', 'it does not answer')), answerMs)

    const answerOf = (head: Head): Answer => ({
      ...head,
      read(take, over) {
        onChunk = take
        onEnd = over
        for (const chunk of early.splice(0)) take(chunk)
        if (ended !== null) over(ended.error)
        else if (!isPaused) transport.resume()
      },
      pause() {
        isPaused = true
        transport.pause()
      },
      resume() {
        if (ended !== null) return
        isPaused = false
        transport.resume()
      },
      get isPaused() {
        return isPaused
      },
      leave: () => finish(new SourceError('failed', 'not wanted any more')),
    })

    const parser = createResponseParser(
      {
        onHead(head) {
          clearTimeout(timer)
          transport.pause()
          resolve(answerOf(head))
        },
        onBody(chunk) {
          if (ended !== null) return
          if (onChunk === null) early.push(Uint8Array.from(chunk))
          else onChunk(chunk)
        },
        onEnd(isReusable) {
          finish(null)
          if (isReusable && !transport.isClosed) options.onFree()
          else transport.destroy()
        },
      },
      { isHead: method === 'HEAD' },
    )
    transport.onBytes = (chunk) => {
      try {
        parser.push(chunk)
      } catch (error) {
        fail(error)
      }
    }
    transport.onClose = (error) => {
      if (ended !== null) return
      try {
        parser.close()
      } catch (broken) {
        fail(error ?? broken)
      }
    }
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    transport.write(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: coldmesh\r\n\r\n`)
    transport.resume()
  })
}
