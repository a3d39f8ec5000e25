import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { type GatewayOptions, startGateway } from '../../../src/adapters/gateway/server.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { ask } from '../../support/gateway/ask.ts'
import { createDag } from '../../support/gateway/dag.ts'

const MIB = 1_048_576
const dag = await createDag()
const chunks = Array.from({ length: 8 }, (_, i) => new Uint8Array(MIB).fill(i + 1))
await Promise.all(chunks.map(dag.raw))
const file = await dag.file(chunks)

const start = (options: Partial<GatewayOptions> = {}) =>
  startGateway({ blocks: dag.blocks, files: null, log: nullLog, listen: [{ host: '127.0.0.1', port: 0 }], ...options })

async function dial(url: string | null): Promise<Socket> {
  const socket = connect(Number(new URL(url ?? '').port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Bytes until it is closed. */
async function drained(socket: Socket): Promise<number> {
  let bytes = 0
  socket.on('data', (part: Buffer) => {
    bytes += part.byteLength
  })
  await once(socket, 'close')
  return bytes
}

// docs/reliability.md: faults 18-22 and 98, for the gateway.
describe('a gateway under load', () => {
  it('closes a connection whose request never ends', async () => {
    await using gateway = await start({ limits: { headersMs: 300 } })
    const socket = await dial(gateway.url)
    socket.write('GET /ipfs/bafkqaaa?format=raw HTTP/1.1\r\nhost: x\r\nx-slow: ')
    const began = performance.now()
    await drained(socket)
    assert.ok(performance.now() - began < 5_000)
  })

  it('refuses a request with too large a head', async () => {
    await using gateway = await start()
    const socket = await dial(gateway.url)
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)
    assert.ok((await drained(socket)) < 1000)
  })

  it('admits so many connections of one host', async () => {
    await using gateway = await start({ limits: { connectionsPerHost: 2 } })
    const held = [await dial(gateway.url), await dial(gateway.url)]
    const more = await dial(gateway.url)
    assert.equal(await drained(more), 0)
    held[0]?.destroy()
    if (held[0] !== undefined) await once(held[0], 'close')
    assert.equal((await ask(gateway.url ?? '', '/ipfs/bafkqaaa?format=raw')).status, 200)
    held[1]?.destroy()
  })

  it('answers so many at once, and tells the others when to come again', async () => {
    await using gateway = await start({ limits: { uploadsPerPeer: 1, uploads: 1, slotWaitMs: 100 } })
    const url = gateway.url ?? ''
    const slow = await dial(url)
    slow.pause()
    slow.write(`GET /ipfs/${file}?format=car HTTP/1.1\r\nhost: x\r\n\r\n`)
    await once(slow, 'readable')
    const refused = await ask(url, `/ipfs/${file}?format=car`)
    assert.equal(refused.status, 429)
    assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
    // What costs nothing is answered meanwhile.
    assert.equal((await ask(url, `/ipfs/${file}?format=raw`, { method: 'HEAD' })).status, 200)
    slow.destroy()
    assert.equal((await ask(url, `/ipfs/${file}?format=car&dag-scope=block`)).status, 200)
  })

  it('holds a few blocks for a reader that takes nothing, however many it asks for', async () => {
    await using gateway = await start()
    let read = 0
    const counting = {
      ...dag.blocks,
      get: (cid: typeof file) => {
        read++
        return dag.blocks.get(cid)
      },
    }
    await using counted = await start({ blocks: counting })
    assert.ok(gateway.url)
    const slow = await dial(counted.url)
    slow.pause()
    slow.write(`GET /ipfs/${file}?format=car HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(3))
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.ok(read <= 9, `read ${read} blocks`)
    slow.destroy()
  })

  it('keeps to its rate, and shares it among those who ask, the urgent first', async () => {
    const rate = 8 * MIB
    await using gateway = await start({ maxUpload: rate, isUrgent: (root) => root.equals(file) })
    const began = performance.now()
    const answers = await Promise.all([1, 2].map(() => ask(gateway.url ?? '', `/ipfs/${file}?format=car`)))
    const seconds = (performance.now() - began) / 1000
    const bytes = answers.reduce((sum, { body }) => sum + body.byteLength, 0)
    assert.ok(bytes / seconds < rate * 1.35, `${bytes / seconds} of ${rate} bytes a second`)
    assert.ok(bytes / seconds > rate * 0.6)
  })

  it('refuses a port that is taken, and says how to go on', async () => {
    await using gateway = await start()
    const port = gateway.ports[0] ?? 0
    await assert.rejects(start({ listen: [{ host: '127.0.0.1', port }] }), { code: 'refused', hint: /--gateway/ })
  })
})
