import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { type FaultProxy, startFaultProxy } from '../../support/e2e/chaos/fault-proxy.ts'
import { createRandom } from '../../support/rounds/random.ts'

const [ADA, BEN] = ['127.9.9.1', '127.9.9.2']

interface Ends {
  readonly proxy: FaultProxy
  /** Ada's end of a connection to Ben, and Ben's. */
  readonly ada: Socket
  readonly ben: Socket
  dial(from: string): Socket
}

async function withConnection(test: (ends: Ends) => Promise<void>): Promise<void> {
  const server = net.createServer()
  server.listen(0, BEN)
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const places = [
    { name: 'ada', host: ADA, port: 1 },
    { name: 'ben', host: BEN, port },
  ]
  await using proxy = await startFaultProxy(places, createRandom(1).next)
  const dial = (localAddress: string) => {
    const socket = net.connect({ host: '127.0.0.1', port: proxy.portOf('ben'), localAddress })
    return socket.on('error', () => {})
  }
  const accepted: Promise<unknown[]> = once(server, 'connection')
  const ada = dial(ADA)
  const [ben] = await accepted
  assert.ok(ben instanceof net.Socket)
  ben.on('error', () => {})
  try {
    await test({ proxy, ada, ben, dial })
  } finally {
    ada.destroy()
    ben.destroy()
    server.close()
  }
}

/** A reset is no failure here. */
const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))
const textOf = async (socket: Socket) => String((await once(socket, 'data'))[0])
const silence = (socket: Socket) =>
  assert.rejects(once(socket, 'data', { signal: AbortSignal.timeout(100) }), { name: 'AbortError' })

// The tool of the faults 24 and 25: what it does not do would look like a network that bears it.
describe('the fault proxy', () => {
  it('carries bytes both ways and knows who dialled', async () => {
    await withConnection(async ({ proxy, ada, ben }) => {
      ada.write('there')
      assert.equal(await textOf(ben), 'there')
      ben.write('back')
      assert.equal(await textOf(ada), 'back')
      assert.deepEqual(proxy.connections, ['ada ben'])
    })
  })

  it('resets what is open between parted groups and refuses what is new, until it heals', async () => {
    await withConnection(async ({ proxy, ada, ben, dial }) => {
      const ended = Promise.all([closed(ada), closed(ben)])
      proxy.part(['ada'], ['ben'])
      await ended
      const refused = dial(ADA)
      await closed(refused)
      const stranger = dial('127.0.0.1')
      await once(stranger, 'connect')
      stranger.destroy()
      proxy.heal()
      const healed = dial(ADA)
      healed.write('hello')
      await assert.rejects(once(healed, 'close', { signal: AbortSignal.timeout(100) }), { name: 'AbortError' })
      healed.destroy()
    })
  })

  it('holds one direction, lets the other through, and gives out what it held', async () => {
    await withConnection(async ({ proxy, ada, ben }) => {
      proxy.hold('ada', 'ben')
      ada.write('held')
      await silence(ben)
      ben.write('back')
      assert.equal(await textOf(ada), 'back')
      proxy.heal()
      assert.equal(await textOf(ben), 'held')
    })
  })

  it('delays by up to the jitter and by repetitions, in order, and loses nothing', async () => {
    await withConnection(async ({ proxy, ada, ben }) => {
      proxy.setWeather({ jitterMs: 100, loss: 0.3, resets: 0 })
      const began = performance.now()
      const sent = Array.from({ length: 30 }, (_, i) => `${i};`)
      let got = ''
      const all = new Promise<void>((resolve) => {
        ben.on('data', (bytes) => {
          got += String(bytes)
          if (got.length === sent.join('').length) resolve()
        })
      })
      for (const piece of sent) {
        ada.write(piece)
        // Pieces of their own on the wire.
        await new Promise((resolve) => setImmediate(resolve))
      }
      await all
      assert.equal(got, sent.join(''))
      assert.ok(performance.now() - began > 50, 'it took its time')
    })
  })

  it('ends connections in weather that resets them', async () => {
    await withConnection(async ({ proxy, ada }) => {
      proxy.setWeather({ jitterMs: 0, loss: 0, resets: 1 })
      const ended = closed(ada)
      ada.write('x')
      await ended
      assert.deepEqual(proxy.connections, [])
    })
  })
})
