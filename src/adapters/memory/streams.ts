import { ColdmeshError } from '../../ports/errors.ts'
import type { RequestOptions } from '../../ports/streams.ts'
import type { Clock } from '../../ports/system.ts'
import type { Answer } from './network.ts'

const MAX_FRAME_BYTES = 1024 * 1024

export interface MemoryRequest {
  readonly request: RequestOptions
  readonly from: string
  readonly clock: Clock | undefined
  /** Undefined: the peer is not there, or does not speak the protocol. */
  readonly answer: Answer | undefined
}

/** The rules of the Streams port without a wire: frame, total and time limits, and the same errors. */
export async function* requestInMemory(options: MemoryRequest): AsyncIterable<Uint8Array> {
  const { request, from, clock, answer } = options
  const { peer, protocol, maxBytes, timeoutMs, signal } = request
  if (signal?.aborted === true) throw stopped(peer)
  if (answer === undefined) throw new ColdmeshError('unreachable', `Could not reach ${peer} on ${protocol}.`)
  const controller = new AbortController()
  const { promise: over, reject } = Promise.withResolvers<never>()
  over.catch(() => {})
  controller.signal.addEventListener('abort', () => reject(controller.signal.reason))
  const stop = (): void => controller.abort(stopped(peer))
  signal?.addEventListener('abort', stop, { once: true })
  const cancel = clock?.after(timeoutMs, () => {
    controller.abort(new ColdmeshError('deadline', `Waited ${timeoutMs} ms for ${peer}.`))
  })
  const frames = answer({ from, bytes: request.request.slice(), signal: controller.signal })[Symbol.asyncIterator]()
  let total = 0
  try {
    for (;;) {
      const step = await Promise.race([nextFrame(frames, peer), over])
      if (step === null) return
      total += step.byteLength
      if (step.byteLength > MAX_FRAME_BYTES || total > maxBytes) {
        throw new ColdmeshError('too-large', `The answer of ${peer} is too large.`, { facts: { maxBytes } })
      }
      yield step.slice()
    }
  } finally {
    cancel?.()
    signal?.removeEventListener('abort', stop)
    controller.abort()
    frames.return?.()?.catch(() => {})
  }
}

async function nextFrame(frames: AsyncIterator<Uint8Array>, peer: string): Promise<Uint8Array | null> {
  try {
    const step = await frames.next()
    return step.done === true ? null : step.value
  } catch (cause) {
    // Over a wire the answer's own error never arrives: the stream is reset.
    throw new ColdmeshError('unreachable', `The answer of ${peer} broke off.`, { cause })
  }
}

function stopped(peer: string): ColdmeshError {
  return new ColdmeshError('aborted', `Stopped waiting for ${peer}.`)
}
