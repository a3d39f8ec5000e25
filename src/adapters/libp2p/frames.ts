import type { Stream } from '@libp2p/interface'
import { ColdmeshError } from '../../ports/errors.ts'
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_READ_AHEAD_BYTES, DEFAULT_WRITE_AHEAD_BYTES } from './limits.ts'

/** A frame on the wire: its length as unsigned varint (at most 3 bytes for 1 MiB), then its bytes. */
const MAX_PREFIX_BYTES = 3

export interface FrameReader {
  /**
   * The next frame, or null after the last. Waits; whoever needs a deadline aborts the stream.
   * @throws ColdmeshError `too-large`: a longer frame than `maxBytes`, refused before it is read
   */
  next(maxBytes?: number): Promise<Uint8Array | null>
  /** Bytes received so far, prefixes included: read or not. */
  readonly receivedBytes: number
  /** Called whenever bytes arrive. */
  onProgress?: () => void
}

export interface FrameReaderOptions {
  readonly maxFrameBytes?: number
  readonly readAheadBytes?: number
}

/** Reads frames while telling the sender to wait when more than `readAheadBytes` lie unread. */
export function createFrameReader(stream: Stream, options: FrameReaderOptions = {}): FrameReader {
  const { maxFrameBytes = DEFAULT_MAX_FRAME_BYTES, readAheadBytes = DEFAULT_READ_AHEAD_BYTES } = options
  const chunks: Uint8Array[] = []
  let buffered = 0
  let received = 0
  let failure: Error | undefined
  let wake: () => void = () => {}

  stream.addEventListener('message', (event) => {
    const bytes = event.data.subarray()
    chunks.push(bytes)
    buffered += bytes.byteLength
    received += bytes.byteLength
    if (buffered > readAheadBytes + maxFrameBytes && stream.readStatus === 'readable') stream.pause()
    reader.onProgress?.()
    wake()
  })
  stream.addEventListener('end', () => wake())
  stream.addEventListener('close', (event) => {
    failure = event.error
    wake()
  })

  /** Waits until `count` bytes are here; false when the sender ended before. */
  const has = async (count: number): Promise<boolean> => {
    while (buffered < count) {
      if (stream.readStatus === 'paused') stream.resume()
      if (buffered >= count) return true
      if (failure !== undefined) throw failure
      if (stream.status === 'aborted' || stream.status === 'reset') throw new Error(`the stream was ${stream.status}`)
      if (stream.readableEnded || (stream.status === 'closed' && stream.readBufferLength === 0)) return false
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return true
  }

  const peek = (at: number): number => {
    let offset = at
    for (const chunk of chunks) {
      const byte = chunk[offset]
      if (byte !== undefined) return byte
      offset -= chunk.byteLength
    }
    throw new RangeError('not buffered')
  }

  const take = (count: number): Uint8Array => {
    const taken = new Uint8Array(count)
    for (let filled = 0; filled < count; ) {
      const chunk = chunks[0]
      if (chunk === undefined) throw new RangeError('not buffered')
      const part = chunk.subarray(0, count - filled)
      taken.set(part, filled)
      filled += part.byteLength
      if (part.byteLength === chunk.byteLength) chunks.shift()
      else chunks[0] = chunk.subarray(part.byteLength)
    }
    buffered -= count
    if (stream.readStatus === 'paused' && buffered < readAheadBytes) stream.resume()
    return taken
  }

  const readLength = async (): Promise<number | null> => {
    let length = 0
    for (let i = 0; i < MAX_PREFIX_BYTES; i++) {
      if (!(await has(i + 1))) {
        if (i === 0) return null
        throw cutOff()
      }
      const byte = peek(i)
      length += (byte & 0x7f) * 128 ** i
      if (byte < 0x80) {
        // One length, one encoding: a trailing zero byte says nothing.
        if (i > 0 && byte === 0) throw malformed()
        take(i + 1)
        return length
      }
    }
    throw tooLong(maxFrameBytes)
  }

  const reader: FrameReader = {
    async next(maxBytes = maxFrameBytes) {
      const length = await readLength()
      if (length === null) return null
      if (length > maxFrameBytes || length > maxBytes) throw tooLong(Math.min(maxFrameBytes, maxBytes))
      if (!(await has(length))) throw cutOff()
      return take(length)
    },
    get receivedBytes() {
      return received
    },
  }
  return reader
}

function tooLong(maxFrameBytes: number): ColdmeshError {
  return new ColdmeshError('too-large', `The peer sent a frame of more than ${maxFrameBytes} bytes.`, {
    facts: { maxFrameBytes },
  })
}

function cutOff(): ColdmeshError {
  return new ColdmeshError('unreachable', 'The peer ended the stream in the middle of a frame.')
}

function malformed(): ColdmeshError {
  return new ColdmeshError('unreachable', 'The peer sent a frame length that is not canonical.')
}

/** The frame with its length before it. */
export function encodeFrame(frame: Uint8Array): Uint8Array {
  if (frame.byteLength > DEFAULT_MAX_FRAME_BYTES) {
    throw new RangeError(`a frame has at most ${DEFAULT_MAX_FRAME_BYTES} bytes, not ${frame.byteLength}`)
  }
  const prefix: number[] = []
  let rest = frame.byteLength
  while (rest >= 0x80) {
    prefix.push((rest & 0x7f) | 0x80)
    rest = Math.floor(rest / 128)
  }
  prefix.push(rest)
  const encoded = new Uint8Array(prefix.length + frame.byteLength)
  encoded.set(prefix)
  encoded.set(frame, prefix.length)
  return encoded
}

/**
 * Sends one frame and waits while too much is unsent. The stream's own `onDrain` is not used: it waits for the first
 * drain only, and returns at once ever after.
 */
export async function writeFrame(stream: Stream, frame: Uint8Array, onProgress?: () => void): Promise<void> {
  stream.send(encodeFrame(frame))
  await untilWritable(stream, DEFAULT_WRITE_AHEAD_BYTES, onProgress)
}

/** Resolves when at most `maxUnsent` bytes wait in the stream; rejects when it is closed before. */
export async function untilWritable(stream: Stream, maxUnsent: number, onProgress?: () => void): Promise<void> {
  while (stream.writeBufferLength > maxUnsent) {
    if (stream.writeStatus === 'closed') throw new Error('the stream is closed')
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stream.removeEventListener('drain', done)
        stream.removeEventListener('idle', done)
        stream.removeEventListener('close', done)
        // Sending resumes in a microtask after the drain; look again after it.
        setImmediate(resolve)
      }
      stream.addEventListener('drain', done)
      stream.addEventListener('idle', done)
      stream.addEventListener('close', done)
    })
    if (stream.status === 'aborted' || stream.status === 'reset') throw new Error(`the stream was ${stream.status}`)
    onProgress?.()
  }
}
