import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { addressOf } from './support.ts'

/** A libp2p node with none of our limits and a key of its own: what an attacker brings. */
export async function bareNode(): Promise<Libp2p & AsyncDisposable> {
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxOutboundStreams: 100_000, maxEarlyStreams: 100_000 })],
    connectionGater: { denyDialMultiaddr: () => false },
  })
  return Object.assign(node, { [Symbol.asyncDispose]: async () => node.stop() })
}

/** An address of `node` that it is reached at from another host: a forwarder that dials from 127.0.0.2. */
export async function fromAnotherHost(node: Libp2pNode): Promise<{ readonly address: string } & AsyncDisposable> {
  const [, , host = '', , port = '', , peer = ''] = addressOf(node).split('/')
  const server = createServer((socket) => {
    const onward = connect({ host, port: Number(port), localAddress: '127.0.0.2' })
    for (const side of [socket, onward]) side.on('error', () => {})
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
    socket.pipe(onward)
    onward.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the forwarder does not listen')
  return {
    address: `/ip4/127.0.0.1/tcp/${address.port}/p2p/${peer}`,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
