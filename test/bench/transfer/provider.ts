import { open, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { CID } from 'multiformats/cid'
import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import { startGateway } from '../../../src/adapters/gateway/server.ts'
import { createExchange } from '../../../src/adapters/helia/bitswap.ts'
import { blockstoreView } from '../../../src/adapters/helia/blockstore-view.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { startNode } from '../../net/adapters/support.ts'
import { peakOf } from '../measure.ts'
import { BARE_PROTOCOL, HTTP_PROTOCOL, MIB, type ProviderJob, type Served } from './ways.ts'

/**
 * Serves one file in every way that is measured, until its input ends: raw TCP, HTTP plain and over libp2p, a bare libp2p stream, bitswap.
 * Prints where, and at the end its peak of memory.
 */
const { root, blocks, maxUpload }: ProviderJob = JSON.parse(process.argv[2] ?? '{}')
await using store = await openBlockStore(blocks)
await using kept = await store.files.open(CID.parse(root))
if (kept === null) throw new Error('the file is not in the store')
const { path, bytes } = kept

const node = await startNode({ minConnections: 0 })
const gateway = await startGateway({
  ...{ blocks: store.local, files: store.files, log: nullLog, maxUpload },
  listen: [{ host: '127.0.0.1', port: 0 }],
})
await node.byteStreams.accept(HTTP_PROTOCOL, gateway.attach, { maxStreams: 16 })
await node.byteStreams.accept(BARE_PROTOCOL, (stream) => void pour(stream), { maxStreams: 16 })
await createExchange(node.libp2p, blockstoreView(store.local, store.noteServed)).start()

/** The file's bytes and nothing else, from a buffer that is used again. */
async function pour(stream: NodeJS.WritableStream): Promise<void> {
  const file = await open(path, 'r')
  const buffers = [Buffer.allocUnsafeSlow(MIB), Buffer.allocUnsafeSlow(MIB)]
  const { size } = await stat(path)
  let last: Promise<unknown> = Promise.resolve()
  for (let at = 0, turn = 0; at < size; turn++) {
    const buffer = buffers[turn % 2] ?? Buffer.alloc(0)
    const { bytesRead } = await file.read(buffer, 0, MIB, at)
    at += bytesRead
    await last
    last = new Promise((resolve) => stream.write(buffer.subarray(0, bytesRead), () => resolve(null)))
  }
  await last
  stream.end()
  await file.close()
}
const raw = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => void pour(socket))
})
await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
const address = raw.address()
const served: Served = {
  root,
  bytes,
  url: gateway.url ?? '',
  rawPort: typeof address === 'object' && address !== null ? address.port : 0,
  address: node.mesh.addresses()[0] ?? '',
}
console.log(JSON.stringify(served))
for await (const _ of createInterface({ input: process.stdin }));
console.log(JSON.stringify({ peakBytes: peakOf('self') }))
process.exit()
