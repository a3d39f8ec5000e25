import type { Libp2p, Stream } from '@libp2p/interface'

/**
 * The same node, whose outgoing streams wait properly. The library's `onDrain` waits for the first drain only and
 * returns at once ever after, so that bitswap, sending many blocks, fills the write buffer until the stream is reset.
 * (`libp2p.use` is not the place: in this version a registered middleware makes the handler run on outgoing streams.)
 */
export function withCorrectDrain(libp2p: Libp2p): Libp2p {
  const dialProtocol: Libp2p['dialProtocol'] = async (peer, protocols, options) => {
    const stream = await libp2p.dialProtocol(peer, protocols, options)
    Reflect.set(stream, 'onDrain', (waiting: { signal?: AbortSignal } = {}) => untilDrained(stream, waiting.signal))
    return stream
  }
  return new Proxy(libp2p, {
    get(target, name) {
      if (name === 'dialProtocol') return dialProtocol
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const WAKING = ['drain', 'idle', 'close'] as const

async function untilDrained(stream: Stream, signal: AbortSignal | undefined): Promise<void> {
  while (stream.writableNeedsDrain && stream.writeBufferLength > 0) {
    signal?.throwIfAborted()
    if (stream.writeStatus === 'closed') throw new Error('the stream is closed')
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of WAKING) stream.removeEventListener(event, done)
        signal?.removeEventListener('abort', done)
        // Sending resumes in a microtask after the drain; look again after it.
        setImmediate(resolve)
      }
      for (const event of WAKING) stream.addEventListener(event, done)
      signal?.addEventListener('abort', done)
    })
  }
}
