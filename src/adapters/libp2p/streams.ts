import type { Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { ColdmeshError } from '../../ports/errors.ts'
import type { RequestOptions, StreamRequest, Streams } from '../../ports/streams.ts'
import type { Clock, Log } from '../../ports/system.ts'
import { createDeadline, untilAborted } from './deadline.ts'
import { createFrameReader, encodeFrame, type FrameReader, writeFrame } from './frames.ts'
import {
  DEFAULT_EXCHANGE_BURST,
  DEFAULT_EXCHANGES_PER_SECOND,
  DEFAULT_FRAMES_A_TURN,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_MAX_SERVING,
  DEFAULT_MIN_BYTES_PER_SECOND,
  DEFAULT_MIN_RATE_GRACE_MS,
  DEFAULT_PROTOCOL_STREAMS,
  DEFAULT_SERVE_DEADLINE_MS,
  DEFAULT_STREAM_IDLE_MS,
} from './limits.ts'
import { createSlots } from './slots.ts'
import { createTokenBuckets } from './token-bucket.ts'
import { unreachable } from './unreachable.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

export interface StreamLimits {
  readonly idleMs: number
  readonly serveDeadlineMs: number
  readonly minBytesPerSecond: number
  readonly minRateGraceMs: number
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  idleMs: DEFAULT_STREAM_IDLE_MS,
  serveDeadlineMs: DEFAULT_SERVE_DEADLINE_MS,
  minBytesPerSecond: DEFAULT_MIN_BYTES_PER_SECOND,
  minRateGraceMs: DEFAULT_MIN_RATE_GRACE_MS,
}

export interface StreamsOptions {
  readonly libp2p: Libp2p
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Partial<StreamLimits>
}

type Answer = (request: StreamRequest) => AsyncIterable<Uint8Array>

/** One request, one answer of frames, over one stream that always ends: by its end, a limit, or a reset. */
export function createStreams(options: StreamsOptions): Streams {
  const { libp2p, clock, log } = options
  const limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits }
  const slots = createSlots(DEFAULT_PROTOCOL_STREAMS)
  const rates = createTokenBuckets({
    perSecond: DEFAULT_EXCHANGES_PER_SECOND,
    burst: DEFAULT_EXCHANGE_BURST,
    now: clock.now,
  })
  let serving = 0

  const watch = (stream: Stream, reader: FrameReader): Watchdog => {
    const watchdog = createWatchdog({
      clock,
      idleMs: limits.idleMs,
      minBytesPerSecond: limits.minBytesPerSecond,
      graceMs: limits.minRateGraceMs,
      movedBytes: () => reader.receivedBytes,
      bite: (error) => stream.abort(error),
    })
    reader.onProgress = () => watchdog.progress()
    return watchdog
  }

  const answerOne = async (stream: Stream, from: string, answer: Answer): Promise<void> => {
    using deadline = createDeadline({ clock, timeoutMs: limits.serveDeadlineMs, what: 'an exchange to end' })
    const { signal } = deadline
    signal.addEventListener('abort', () => stream.abort(signal.reason), { once: true })
    stream.addEventListener('close', (event) => {
      // Whoever makes the answer stops working when nobody reads it any more.
      if (event.error !== undefined) deadline.abort(unreachable(from, event.error))
    })
    const reader = createFrameReader(stream)
    const watchdog = watch(stream, reader)
    // A small question can cost a large answer: whoever asks too often waits.
    rates.spend(from, 1)
    await untilAborted(pause(rates.debtMs(from), signal), signal)
    const bytes = await watchdog.guard(() => reader.next())
    if (bytes === null) throw new ColdmeshError('unreachable', 'The peer opened a stream and asked nothing.')
    const frames = answer({ from, bytes, signal })[Symbol.asyncIterator]()
    try {
      for (let made = 1; ; made++) {
        const step = await untilAborted(frames.next(), signal)
        if (step.done === true) break
        if (made % DEFAULT_FRAMES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
        await watchdog.guard(() => writeFrame(stream, step.value, () => watchdog.progress()))
      }
      await watchdog.guard(() => stream.close({ signal }))
    } finally {
      frames.return?.()?.catch(() => {})
    }
  }

  const serveStream = async (stream: Stream, from: string, answer: Answer): Promise<void> => {
    if (serving >= DEFAULT_MAX_SERVING) return stream.abort(new ColdmeshError('refused', 'Too many exchanges.'))
    serving++
    try {
      await answerOne(stream, from, answer)
    } catch (error) {
      log.warn('stream-failed', { protocol: stream.protocol, from, error })
      stream.abort(error instanceof Error ? error : new Error('the answer failed'))
    } finally {
      serving--
    }
  }

  function pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (delayMs === 0 || signal.aborted) return resolve()
      const cancel = clock.after(delayMs, resolve)
      signal.addEventListener('abort', cancel, { once: true })
    })
  }

  return {
    async serve(protocol, answer) {
      await libp2p.handle(
        protocol,
        (stream, connection) => {
          void serveStream(stream, connection.remotePeer.toString(), answer)
        },
        { maxInboundStreams: DEFAULT_PROTOCOL_STREAMS, maxOutboundStreams: DEFAULT_PROTOCOL_STREAMS },
      )
    },

    async *request(request: RequestOptions) {
      const { peer, protocol, maxBytes, timeoutMs } = request
      const what = `the answer of ${peer} on ${protocol}`
      using deadline = createDeadline({ clock, timeoutMs, what, signal: request.signal })
      const { signal } = deadline
      const question = encodeFrame(request.request)
      let stream: Stream | undefined
      let release = (): void => {}
      let complete = false
      try {
        release = await slots.take(`${peer} ${protocol}`, signal)
        const opened = await untilAborted(openStream(peer, protocol, signal), signal)
        stream = opened
        signal.addEventListener('abort', () => opened.abort(signal.reason), { once: true })
        const reader = createFrameReader(opened)
        const watchdog = watch(opened, reader)
        opened.send(question)
        await watchdog.guard(() => opened.close({ signal }))
        let total = 0
        for (;;) {
          const room = Math.min(DEFAULT_MAX_FRAME_BYTES, maxBytes - total)
          const frame = await watchdog.guard(() => reader.next(room))
          if (frame === null) break
          total += frame.byteLength
          yield frame
        }
        complete = true
      } catch (error) {
        signal.throwIfAborted()
        throw error instanceof ColdmeshError ? error : unreachable(peer, error)
      } finally {
        // Left early, by an error or by the caller: the other side must stop sending.
        if (!complete) stream?.abort(new Error('the answer is not wanted any more'))
        release()
      }
    },
  }

  async function openStream(peer: string, protocol: string, signal: AbortSignal): Promise<Stream> {
    const opening = libp2p.dialProtocol(peerIdFromString(peer), protocol, {
      signal,
      maxOutboundStreams: DEFAULT_PROTOCOL_STREAMS,
    })
    // Opened after we gave up: nobody would close it.
    opening.then(
      (late) => signal.aborted && late.abort(new Error('opened too late')),
      () => {},
    )
    return opening
  }
}
