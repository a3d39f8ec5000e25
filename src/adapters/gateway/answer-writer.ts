import type { ServerResponse } from 'node:http'
import { DEFAULT_MIN_BYTES_PER_SECOND, DEFAULT_MIN_RATE_WINDOW_MS, DEFAULT_WRITE_STALL_MS } from './limits.ts'
import type { UploadRate } from './upload-rate.ts'

export interface AnswerWriter {
  /** Resolves when there is room for more. Two writes at most are under way. @throws Error when the reader is gone or too slow */
  write(...chunks: readonly Uint8Array[]): Promise<void>
  end(): Promise<void>
}

export interface AnswerWriterOptions {
  readonly response: ServerResponse
  readonly rate: UploadRate
  readonly key: string
  readonly isUrgent: boolean
  readonly signal: AbortSignal
  readonly stallMs?: number
}

/** Writes that may be unsent: one that is leaving, one behind it. */
const MAX_UNSENT = 2

/** An answer that goes as fast as its reader and the rate allow, and no slower than is worth it. */
export function createAnswerWriter(options: AnswerWriterOptions): AnswerWriter {
  const { response, rate, key, isUrgent, signal, stallMs = DEFAULT_WRITE_STALL_MS } = options
  let unsent = 0
  let wake = (): void => {}
  let window = { bytes: 0, waitedMs: 0 }

  const onSent = (): void => {
    unsent--
    wake()
  }

  /** Time spent here is the reader's doing. */
  async function untilUnsent(count: number): Promise<void> {
    const since = performance.now()
    while (unsent > count) {
      signal.throwIfAborted()
      if (response.destroyed) throw new Error('the reader is gone')
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('the reader takes nothing')), stallMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    window.waitedMs += performance.now() - since
    if (window.waitedMs < DEFAULT_MIN_RATE_WINDOW_MS) return
    if ((window.bytes * 1000) / window.waitedMs < DEFAULT_MIN_BYTES_PER_SECOND)
      throw new Error('the reader is too slow')
    window = { bytes: 0, waitedMs: 0 }
  }

  signal.addEventListener('abort', () => wake(), { once: true })
  response.on('close', () => wake())

  return {
    async write(...chunks) {
      const bytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
      await rate.take(key, bytes, { isUrgent, signal })
      signal.throwIfAborted()
      unsent++
      response.cork()
      for (const [i, chunk] of chunks.entries()) response.write(chunk, i === chunks.length - 1 ? onSent : undefined)
      response.uncork()
      window.bytes += bytes
      await untilUnsent(MAX_UNSENT - 1)
    },
    async end() {
      response.end()
      await untilUnsent(0)
    },
  }
}
