import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { CID } from 'multiformats/cid'
import { blockPrefix, carHeader } from '../../../src/adapters/gateway/car.ts'
import { LEAVES_HEADER } from '../../../src/adapters/gateway/leaf-ranges.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { CODEC, cidOf, patterned } from '../../net/adapters/content.ts'

/** A file as a CAR brings it. */
export interface Served {
  readonly root: CID
  readonly node: Uint8Array
  readonly leaves: readonly { readonly cid: CID; readonly bytes: Uint8Array }[]
  /** Where a leaf begins. */
  readonly leafBytes: number
}

export interface FakePeer extends AsyncDisposable {
  open(): Promise<Duplex>
  /** GET requests. */
  readonly asked: number
  /** Resolves when it has done to the first of them what it does. */
  readonly answered: Promise<void>
}

const MIB = 1_048_576
const CAR = 'application/vnd.ipld.car; version=1; order=dfs; dups=y'

export type Send = (
  response: ServerResponse,
  file: Served,
  wanted: readonly number[],
  asked: number,
) => void | Promise<void>

const frame = (cid: CID, bytes: Uint8Array): Buffer => Buffer.concat([blockPrefix(cid, bytes.byteLength), bytes])

const begin = (response: ServerResponse, { root, node }: Served): void => {
  response.writeHead(200, { 'content-type': CAR })
  response.write(carHeader([root]))
  response.write(frame(root, node))
}

const honest: Send = (response, file, wanted) => {
  begin(response, file)
  for (const index of wanted) {
    const { cid, bytes } = file.leaves[index] ?? {}
    if (cid !== undefined && bytes !== undefined) response.write(frame(cid, bytes))
  }
  response.end()
}

/** Sends honest leaves, and halfway does something else: long before others could have helped it out. */
const upToHalf =
  (then: (response: ServerResponse, leaf: { cid: CID; bytes: Uint8Array }, file: Served) => void): Send =>
  (response, file, wanted) => {
    begin(response, file)
    const half = Math.floor((wanted.length - 1) / 2)
    for (const [i, index] of wanted.slice(0, half + 1).entries()) {
      const leaf = file.leaves[index]
      if (leaf === undefined) continue
      if (i < half) response.write(frame(leaf.cid, leaf.bytes))
      else then(response, leaf, file)
    }
  }

const stranger = patterned(MIB, 99)

/** What a peer may do instead of serving. */
export const MISCHIEF = {
  honest,
  'flips a bit': upToHalf((response, { cid, bytes }) => {
    const wrong = Uint8Array.from(bytes)
    wrong[bytes.byteLength >> 1] = (wrong[bytes.byteLength >> 1] ?? 0) ^ 1
    response.end(frame(cid, wrong))
  }),
  'sends a block that was not asked for': upToHalf((response) => {
    response.end(frame(cidOf(stranger, CODEC.RAW), stranger))
  }),
  'sends a shorter leaf': upToHalf((response, { cid, bytes }) => void response.end(frame(cid, bytes.subarray(1)))),
  'sends the same leaf without end': (response, file, wanted) => {
    begin(response, file)
    const leaf = file.leaves[wanted[0] ?? 0]
    if (leaf === undefined) return
    const more = (): void => {
      if (!response.destroyed) response.write(frame(leaf.cid, leaf.bytes), more)
    }
    more()
  },
  'sends nodes without end': (response, file) => {
    begin(response, file)
    const more = (): void => {
      if (!response.destroyed) response.write(frame(file.root, file.node), () => setImmediate(more))
    }
    more()
  },
  'announces a frame of a gigabyte': upToHalf(
    (response) => void response.end(Buffer.from([0x80, 0x80, 0x80, 0x80, 0x04])),
  ),
  'announces a length without end': upToHalf((response) => void response.end(Buffer.alloc(64, 0xff))),
  'sends no CAR header': (response) => {
    response.writeHead(200, { 'content-type': CAR })
    response.end(patterned(MIB, 5))
  },
  'sends a header of a megabyte': (response) => {
    response.writeHead(200, { 'content-type': CAR })
    response.write(Buffer.from([0x80, 0x80, 0x40]))
    response.end(patterned(MIB, 5))
  },
  'sends something else': (response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<p>pay here</p>')
  },
  'sends the CAR in no order': (response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.ipld.car; version=1' })
    response.end()
  },
  'ends too early': upToHalf((response) => void response.end()),
  'breaks off': upToHalf((response) => void response.destroy()),
  'falls silent': upToHalf(() => {}),
  'never answers': () => {},
  'drips a byte at a time': upToHalf((response, { cid, bytes }) => {
    const slow = frame(cid, bytes)
    let at = 0
    const timer = setInterval(() => response.write(slow.subarray(at, ++at)), 20)
    response.on('close', () => clearInterval(timer))
  }),
  'answers 500': (response) => void response.writeHead(500).end(),
  'sends elsewhere': (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  'is always busy': (response) => void response.writeHead(429, { 'retry-after': '1' }).end(),
  'has a part of it': (response, file, wanted, asked) =>
    (wanted[0] ?? 0) > 3 ? void response.writeHead(404).end() : honest(response, file, wanted.slice(0, 4), asked),
  'says that it has nothing': (response) => void response.writeHead(404).end(),
  'is busy at first': (response, file, wanted, asked) =>
    asked <= 2 ? void response.writeHead(503, { 'retry-after': '0' }).end() : honest(response, file, wanted, asked),
} as const satisfies Record<string, Send>

/** How others get a connection to a server of this process. */
export type Way = (server: Server) => Promise<() => Promise<Duplex>>

export const overTcp: Way = async (server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return async () => connect(port, '127.0.0.1')
}

/** Over streams from one libp2p node to another: each server has a protocol of its own. */
export function overStreams(from: Libp2pNode, to: Libp2pNode): Way {
  let servers = 0
  const maxStreams = 16
  return async (server) => {
    const protocol = `/test/http/${servers++}`
    await to.byteStreams.accept(protocol, (stream) => server.emit('connection', stream), { maxStreams })
    const signal = AbortSignal.timeout(OPEN_MS)
    return async () => await from.byteStreams.open(to.mesh.self, protocol, { maxStreams, signal })
  }
}

const OPEN_MS = 60_000

/** A peer that says it has the file, and then does what it does. */
export async function fakePeer(send: Send, file: Served, way: Way = overTcp): Promise<FakePeer> {
  let asked = 0
  const { promise: answered, resolve: onAnswered } = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    response.on('error', () => {})
    const part = send === MISCHIEF['has a part of it'] ? { [LEAVES_HEADER]: '0-3' } : {}
    if (request.method === 'HEAD') return void response.writeHead(200, part).end()
    asked++
    const [, from, to] = /entity-bytes=(\d+):(\d+)/.exec(request.url ?? '') ?? []
    const [first, last] = [Math.floor(Number(from) / file.leafBytes), Math.floor(Number(to) / file.leafBytes)]
    void send(
      response,
      file,
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
      asked,
    )
    onAnswered()
  })
  return {
    answered,
    open: await way(server),
    get asked() {
      return asked
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
