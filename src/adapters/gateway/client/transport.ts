import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { DEFAULT_CONNECT_MS } from '../limits.ts'
import { SourceError } from './source-error.ts'

/** Bytes both ways. */
export interface Transport {
  /** Set by whoever uses it now. A chunk is out of use when this returns. */
  onBytes: (chunk: Uint8Array) => void
  /** Once. */
  onClose: (error: Error | undefined) => void
  readonly isClosed: boolean
  write(text: string): void
  pause(): void
  resume(): void
  destroy(): void
}

/** What one read takes: fewer reads, and one buffer for all of them, where Node would make a new one for each 64 KiB. */
const READ_BYTES = 262_144

/** @throws SourceError */
export function tcpTransport(host: string, port: number, signal: AbortSignal): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const buffer = new Uint8Array(READ_BYTES)
    const socket = connect({
      ...{ host, port, noDelay: true },
      onread: {
        buffer,
        callback: (count) => {
          transport.onBytes(buffer.subarray(0, count))
          return true
        },
      },
    })
    const transport = transportOf(socket)
    const fail = (why: string, cause?: unknown): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      socket.destroy()
      reject(new SourceError('failed', why, { cause }))
    }
    const stop = (): void => fail('not wanted any more')
    const timer = setTimeout(() => fail('it cannot be reached'), DEFAULT_CONNECT_MS)
    transport.onClose = (error) => fail('it cannot be reached', error)
    socket.once('connect', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      resolve(transport)
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

export function duplexTransport(stream: Duplex): Transport {
  const transport = transportOf(stream)
  stream.on('data', (chunk: Uint8Array) => transport.onBytes(chunk))
  return transport
}

function transportOf(stream: Duplex): Transport {
  let failure: Error | undefined
  let isClosed = false
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    transport.onClose(failure)
  }
  const transport: Transport = {
    onBytes: () => {},
    onClose: () => {},
    get isClosed() {
      return isClosed
    },
    write: (text) => void stream.write(text),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    destroy: () => void stream.destroy(),
  }
  stream.on('error', (error) => {
    failure = error
  })
  stream.on('end', close)
  stream.on('close', close)
  return transport
}
