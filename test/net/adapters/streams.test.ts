import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { DEFAULT_EXCHANGE_BURST } from '../../../src/adapters/libp2p/limits.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import type { StreamLimits } from '../../../src/adapters/libp2p/streams.ts'
import { fakeClock } from '../../../src/adapters/memory/clock.ts'
import { memoryLog } from '../../../src/adapters/memory/log.ts'
import { type ErrorCode, isColdmeshError } from '../../../src/ports/errors.ts'
import type { RequestOptions, StreamRequest } from '../../../src/ports/streams.ts'
import { link, startNode } from './support.ts'

const PROTOCOL = '/coldmesh/test/1'
const MIB = 1024 * 1024
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (frame: Uint8Array): string => new TextDecoder().decode(frame)
const failsWith = (code: ErrorCode) => (error: unknown) => isColdmeshError(error, code)

function ask(client: Libp2pNode, server: Libp2pNode, more: Partial<RequestOptions> = {}): AsyncIterable<Uint8Array> {
  return client.streams.request({
    peer: server.mesh.self,
    protocol: PROTOCOL,
    request: bytes('question'),
    maxBytes: MIB,
    timeoutMs: 10_000,
    ...more,
  })
}

async function all(answer: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for await (const frame of answer) frames.push(frame)
  return frames
}

/** A client and a server connected; short limits, so that liars are found out soon. */
async function pair(limits: Partial<StreamLimits> = {}) {
  const log = memoryLog()
  const streamLimits = { idleMs: 400, minRateGraceMs: 300, serveDeadlineMs: 5000, ...limits }
  const client = await startNode({ streamLimits })
  const server = await startNode({ streamLimits, log })
  await link(client, server)
  return {
    client,
    server,
    log,
    async [Symbol.asyncDispose]() {
      await Promise.all([client.stop(), server.stop()])
    },
  }
}

/** Serves raw bytes: a server that does not keep to the protocol. Resolves `gone` when its stream ends. */
async function lie(server: Libp2pNode, tell: (stream: Stream) => void) {
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  await server.libp2p.handle(PROTOCOL, (stream) => {
    stream.addEventListener('close', () => resolve())
    stream.addEventListener('message', () => {})
    tell(stream)
  })
  return { gone }
}

describe('streams', () => {
  it('carry one request and its frames, in order, to whoever asks', async () => {
    await using it = await pair()
    const asked: StreamRequest[] = []
    await it.server.streams.serve(PROTOCOL, async function* (request) {
      asked.push(request)
      for (const word of ['one', '', 'three']) yield bytes(word)
    })
    assert.deepEqual((await all(ask(it.client, it.server))).map(text), ['one', '', 'three'])
    assert.equal(text(asked[0]?.bytes ?? bytes('')), 'question')
    assert.equal(asked[0]?.from, it.client.mesh.self)
  })

  it('carry an empty answer', async () => {
    await using it = await pair()
    await it.server.streams.serve(PROTOCOL, async function* () {})
    assert.deepEqual(await all(ask(it.client, it.server)), [])
  })

  it('carry the largest frames, and tell the server to wait while the reader does', async () => {
    await using it = await pair({ idleMs: 20_000, serveDeadlineMs: 60_000 })
    let made = 0
    const ranAhead = Promise.withResolvers<void>()
    await it.server.streams.serve(PROTOCOL, async function* () {
      for (let i = 0; i < 24; i++) {
        if (++made > 12) ranAhead.resolve()
        yield new Uint8Array(MIB).fill(i)
      }
    })
    let count = 0
    for await (const frame of ask(it.client, it.server, { maxBytes: 24 * MIB })) {
      assert.equal(frame.byteLength, MIB)
      assert.equal(frame[0], count)
      assert.equal(frame[MIB - 1], count)
      if (count++ === 0) {
        await Promise.race([ranAhead.promise, once(AbortSignal.timeout(1500), 'abort')])
        assert.ok(made <= 12, `${made} frames made for one that was read`)
      }
    }
    assert.equal(count, 24)
  })

  // Fault 19.
  it('end by deadline when the server is silent', async () => {
    await using it = await pair()
    await lie(it.server, () => {})
    const started = performance.now()
    await assert.rejects(all(ask(it.client, it.server)), failsWith('deadline'))
    assert.ok(performance.now() - started < 5000)
  })

  it('end by deadline when the server sends a byte now and then', async () => {
    await using it = await pair()
    const drip = await lie(it.server, (stream) => {
      stream.send(Uint8Array.of(0x80, 0x08))
      const timer = setInterval(() => stream.send(Uint8Array.of(1)), 50)
      stream.addEventListener('close', () => clearInterval(timer))
    })
    const started = performance.now()
    await assert.rejects(all(ask(it.client, it.server)), failsWith('deadline'))
    await drip.gone
    assert.ok(performance.now() - started < 5000, 'long before the total time')
  })

  it('end by the total time when the server keeps just within the others', async () => {
    await using it = await pair()
    const chatter = await lie(it.server, (stream) => {
      const timer = setInterval(() => stream.send(Uint8Array.of(1, 7)), 50)
      stream.addEventListener('close', () => clearInterval(timer))
    })
    await assert.rejects(all(ask(it.client, it.server, { timeoutMs: 700 })), failsWith('deadline'))
    await chatter.gone
  })

  it('refuse a frame above a mebibyte before it is read, and a length without end', async () => {
    await using it = await pair()
    let prefix: readonly number[] = []
    await lie(it.server, (stream) => stream.send(Uint8Array.from(prefix)))
    for (prefix of [
      [0x81, 0x80, 0x40],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ]) {
      await assert.rejects(all(ask(it.client, it.server, { maxBytes: 8 * MIB })), failsWith('too-large'))
    }
  })

  it('refuse more bytes than were asked for, and stop the server that floods', async () => {
    await using it = await pair()
    const flood = await lie(it.server, (stream) => {
      const frame = new Uint8Array(64 * 1024 + 3)
      frame.set([0x80, 0x80, 0x04])
      const timer = setInterval(() => stream.writableNeedsDrain || stream.send(frame), 1)
      stream.addEventListener('close', () => clearInterval(timer))
    })
    await assert.rejects(all(ask(it.client, it.server, { maxBytes: 300_000 })), failsWith('too-large'))
    await flood.gone
  })

  it('fail when the answer breaks off inside a frame, and when the server resets', async () => {
    await using it = await pair()
    let tell = (stream: Stream): void => {
      stream.send(Uint8Array.of(5, 1, 2))
      void stream.close()
    }
    await lie(it.server, (stream) => tell(stream))
    await assert.rejects(all(ask(it.client, it.server)), failsWith('unreachable'))
    tell = (stream) => stream.abort(new Error('no'))
    await assert.rejects(all(ask(it.client, it.server)), failsWith('unreachable'))
  })

  it('reset and log an answer that fails, and go on serving', async () => {
    await using it = await pair()
    let fails = true
    await it.server.streams.serve(PROTOCOL, async function* () {
      yield bytes('first')
      if (fails) throw new Error('our bug')
    })
    await assert.rejects(all(ask(it.client, it.server)), failsWith('unreachable'))
    assert.equal(it.log.entries.filter(({ event }) => event === 'stream-failed').length, 1)
    fails = false
    assert.equal((await all(ask(it.client, it.server))).length, 1)
  })

  it('fail for a peer nobody knows, one that does not speak the protocol, and no peer at all', async () => {
    await using it = await pair()
    await using stranger = await startNode()
    await assert.rejects(all(ask(it.client, it.server)), failsWith('unreachable'))
    await assert.rejects(all(ask(it.client, stranger)), failsWith('unreachable'))
    await assert.rejects(all(ask(it.client, it.server, { peer: 'nobody' })), failsWith('unreachable'))
  })

  it('stop when the caller aborts, before and in the middle', async () => {
    await using it = await pair()
    const served = Promise.withResolvers<AbortSignal>()
    await it.server.streams.serve(PROTOCOL, async function* ({ signal }) {
      served.resolve(signal)
      yield bytes('first')
      await new Promise(() => {})
    })
    await assert.rejects(all(ask(it.client, it.server, { signal: AbortSignal.abort() })), failsWith('aborted'))
    const controller = new AbortController()
    const answer = ask(it.client, it.server, { signal: controller.signal })[Symbol.asyncIterator]()
    assert.equal((await answer.next()).done, false)
    controller.abort()
    await assert.rejects(answer.next(), failsWith('aborted'))
    await aborted(await served.promise)
  })

  it('tell the server when the caller stops reading', async () => {
    await using it = await pair()
    const served = Promise.withResolvers<AbortSignal>()
    await it.server.streams.serve(PROTOCOL, async function* ({ signal }) {
      served.resolve(signal)
      yield bytes('first')
      await new Promise(() => {})
    })
    const started = performance.now()
    for await (const _ of ask(it.client, it.server)) break
    await aborted(await served.promise)
    assert.ok(performance.now() - started < 4000, 'long before the server gives up by itself')
  })

  it('serve more requests than one peer may have open by letting them wait', async () => {
    await using it = await pair()
    let open = 0
    let most = 0
    await it.server.streams.serve(PROTOCOL, async function* ({ bytes: question }) {
      most = Math.max(most, ++open)
      yield question
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      open--
    })
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => all(ask(it.client, it.server, { request: bytes(`${i}`) }))),
    )
    assert.deepEqual(
      answers.map(([frame]) => text(frame ?? bytes(''))),
      Array.from({ length: 30 }, (_, i) => `${i}`),
    )
    assert.ok(most <= 4, `${most} at once`)
  })

  // Fault 19.
  it('close streams on which a peer asks nothing, and hold no more than four of them', async () => {
    await using it = await pair()
    await using honest = await startNode()
    await link(honest, it.server)
    await it.server.streams.serve(PROTOCOL, async function* () {
      yield bytes('answer')
    })
    const server = peerIdFromString(it.server.mesh.self)
    const opened = await Promise.allSettled(
      Array.from({ length: 100 }, () => it.client.libp2p.dialProtocol(server, PROTOCOL, { maxOutboundStreams: 100 })),
    )
    assert.equal((await all(ask(honest, it.server))).length, 1, 'others are not affected')
    const streams = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    await Promise.all(streams.map(closed))
    assert.equal((await all(ask(it.client, it.server))).length, 1)
  })

  // Fault 9, of questions: a small one can cost a large answer.
  it('let a peer that asks without end wait for its turn, and nobody else', async () => {
    const clock = fakeClock()
    await using server = await startNode({ clock })
    await using greedy = await startNode()
    await using honest = await startNode()
    await Promise.all([link(greedy, server), link(honest, server)])
    let answered = 0
    const answeredAll = Promise.withResolvers<void>()
    await server.streams.serve(PROTOCOL, async function* ({ from }) {
      if (from === greedy.mesh.self && ++answered === DEFAULT_EXCHANGE_BURST) answeredAll.resolve()
      yield bytes('answer')
    })
    const controller = new AbortController()
    const asking = Array.from({ length: 2 * DEFAULT_EXCHANGE_BURST }, () =>
      all(ask(greedy, server, { signal: controller.signal })),
    )
    const settled = Promise.allSettled(asking)
    await answeredAll.promise
    assert.equal((await all(ask(honest, server))).length, 1)
    assert.equal(answered, DEFAULT_EXCHANGE_BURST)
    controller.abort()
    await settled
  })

  // Fault 22.
  it('give up on a reader that never reads, and hold little for it', async () => {
    await using it = await pair()
    let made = 0
    const done = Promise.withResolvers<void>()
    await it.server.streams.serve(PROTOCOL, async function* ({ signal }) {
      signal.addEventListener('abort', () => done.resolve())
      for (; ; made++) yield new Uint8Array(MIB)
    })
    const stream = await it.client.libp2p.dialProtocol(peerIdFromString(it.server.mesh.self), PROTOCOL)
    stream.pause()
    stream.send(Uint8Array.of(1, 7))
    await done.promise
    assert.ok(made <= 4, `${made} MiB made for nobody`)
    stream.abort(new Error('end of the test'))
  })
})

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

async function closed(stream: Stream): Promise<void> {
  if (stream.status !== 'open') return
  await new Promise((resolve) => stream.addEventListener('close', resolve, { once: true }))
}
