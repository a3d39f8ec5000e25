import { Duplex } from 'node:stream'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { untilWritable } from './frames.ts'
import { DEFAULT_READ_AHEAD_BYTES, DEFAULT_WRITE_AHEAD_BYTES } from './limits.ts'

/** A libp2p stream as Node's HTTP wants it: bytes both ways, with a timeout and back-pressure. */
export class StreamSocket extends Duplex {
  readonly #stream: Stream
  #idle: NodeJS.Timeout | undefined
  #idleMs = 0
  #isEnded = false

  constructor(stream: Stream) {
    super({ readableHighWaterMark: DEFAULT_READ_AHEAD_BYTES, writableHighWaterMark: DEFAULT_WRITE_AHEAD_BYTES })
    this.#stream = stream
    stream.addEventListener('message', (event: StreamMessageEvent) => {
      this.#touch()
      let hasRoom = true
      const { data } = event
      for (const part of data instanceof Uint8Array ? [data] : data) hasRoom = this.push(part)
      if (!hasRoom && stream.readStatus === 'readable') stream.pause()
    })
    stream.addEventListener('end', () => this.#end())
    stream.addEventListener('close', (event: StreamCloseEvent) => {
      if (event.error !== undefined) this.destroy(event.error)
      else this.#end()
    })
  }

  override _read(): void {
    if (this.#stream.readStatus === 'paused') this.#stream.resume()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#touch()
    try {
      // A copy: below, the bytes wait to be encrypted, and the writer may use its buffer again.
      this.#stream.send(Uint8Array.from(chunk))
    } catch (error) {
      done(error instanceof Error ? error : new Error('the stream is closed'))
      return
    }
    untilWritable(this.#stream, DEFAULT_WRITE_AHEAD_BYTES, () => this.#touch()).then(() => done(), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.close().then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#idle)
    if (error !== null || !this.writableFinished || !this.readableEnded) {
      this.#stream.abort(error ?? new Error('not wanted any more'))
    }
    done(error)
  }

  /** As of a socket: `timeout` is emitted when nothing moves for so long. */
  setTimeout(timeoutMs: number, onTimeout?: () => void): this {
    this.#idleMs = timeoutMs
    if (onTimeout !== undefined) this.once('timeout', onTimeout)
    this.#touch()
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  #end(): void {
    if (!this.#isEnded) this.push(null)
    this.#isEnded = true
  }

  #touch(): void {
    clearTimeout(this.#idle)
    if (this.#idleMs > 0 && !this.destroyed) this.#idle = setTimeout(() => this.emit('timeout'), this.#idleMs)
  }
}
