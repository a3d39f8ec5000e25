import { hash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { CID } from 'multiformats/cid'
import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import { createSession, createStrangers } from '../../../src/adapters/gateway/client/session.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { listLeaves } from '../../../src/checkpoint/unixfs.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { startNode } from '../../net/adapters/support.ts'
import { answer, measure, readJob } from '../measure.ts'
import { BARE_PROTOCOL, HTTP_PROTOCOL, MIB, type ReceiverJob, type Served } from './ways.ts'

/** Ways that are used once before the clock runs, as by a peer that has fetched before. Of a large file it would make no difference. */
const WARMED: readonly ReceiverJob['way'][] = ['tcp', 'http', 'stream', 'bare-stream']
const MAX_WARMED_BYTES = 600_000_000

/** Fetches the file in one way, to the disk, and says what it cost. */
const job = await readJob<ReceiverJob>()
const { way, folder } = job
const [first] = job.from
if (first === undefined) throw new Error('nobody to fetch from')
const fetchInto = await prepare(first)
if (WARMED.includes(way) && first.bytes <= MAX_WARMED_BYTES) {
  await fetchInto('warm')
  await rm(join(folder, 'warm'), { recursive: true, force: true })
}
answer(await measure(() => fetchInto('blocks')))
process.exit()

/** Connections are made before the clock runs. The answer fetches into a part of the folder. */
async function prepare(from: Served): Promise<(part: string) => Promise<void>> {
  if (way === 'tcp') return (part) => overTcp(from, join(folder, part))
  const node = await startNode({ minConnections: 0 })
  const peers = await Promise.all(job.from.map(async ({ address }) => (await node.mesh.connect(address)).id))
  const [peer = ''] = peers
  if (way === 'bare-stream') {
    return async () => {
      const stream = await node.byteStreams.open(peer, BARE_PROTOCOL, {
        maxStreams: 16,
        signal: new AbortController().signal,
      })
      await swallow(stream, from.bytes)
    }
  }
  if (way === 'bitswap') {
    const store = await createContentStore({ dir: join(folder, 'blocks'), node, log: nullLog, gateway: null })
    await store.start()
    return async () => {
      await store.fetch(CID.parse(from.root), { shape: 'file', maxBytes: from.bytes, timeoutMs: 600_000 })
    }
  }
  const ports = new Map(job.from.map(({ url }, i) => [peers[i] ?? '', Number(new URL(url).port)]))
  return async (part) => {
    const root = CID.parse(from.root)
    const signal = new AbortController().signal
    using session = createSession({
      reach: {
        open: (to, stop): Promise<Duplex> => node.byteStreams.open(to, HTTP_PROTOCOL, { maxStreams: 16, signal: stop }),
        hostOf: (to) => (way === 'http' && ports.has(to) ? '127.0.0.1' : null),
      },
      ...{ peers: () => peers, strangers: createStrangers(() => performance.now()), startAt: 0 },
      ...{ now: () => performance.now(), log: nullLog, onLeft: () => {} },
    })
    const get = async (cid: CID): Promise<Uint8Array> => (await session.block(cid, signal)) ?? new Uint8Array()
    const { leaves, bytes } = await listLeaves(root, get, { maxBytes: from.bytes })
    const file = { root, bytes, leaves }
    await using store = await openBlockStore(join(folder, part))
    await using incoming = await store.files.receive(file)
    const left = await session.leaves({ file, incoming, signal, onLeaf: () => {} })
    if (left.length > 0) throw new Error(`${left.length} leaves did not come`)
    await incoming.finish()
  }
}

/** The yardstick: into one buffer, hashed a mebibyte at a time, written where it belongs; durable, as all that the store has. */
async function overTcp({ rawPort, bytes }: Served, path: string): Promise<void> {
  const file = await open(path, 'w')
  let filling = Buffer.allocUnsafeSlow(MIB)
  let spare = Buffer.allocUnsafeSlow(MIB)
  let filled = 0
  let at = 0
  let writing: Promise<unknown> = Promise.resolve()
  const flush = (): void => {
    hash('sha256', filling.subarray(0, filled), 'buffer')
    const [full, length, place] = [filling, filled, at]
    at += filled
    filled = 0
    ;[filling, spare] = [spare, full]
    writing = writing.then(() => file.write(full, 0, length, place))
  }
  const buffer = Buffer.allocUnsafeSlow(MIB)
  await new Promise<void>((resolve, reject) => {
    const socket = connect({
      ...{ port: rawPort, host: '127.0.0.1' },
      onread: {
        buffer,
        callback: (count) => {
          for (let taken = 0; taken < count; ) {
            const part = Math.min(count - taken, MIB - filled)
            buffer.copy(filling, filled, taken, taken + part)
            taken += part
            filled += part
            if (filled < MIB) continue
            flush()
            socket.pause()
            void writing.then(() => socket.resume())
          }
          return true
        },
      },
    })
    socket.on('connect', () => socket.write('go'))
    socket.on('error', reject)
    socket.on('end', resolve)
  })
  if (filled > 0) flush()
  await writing
  await file.datasync()
  await file.close()
  if (at !== bytes) throw new Error(`${at} of ${bytes} bytes came`)
}

/** Reads, and does nothing else. */
async function swallow(stream: Duplex, bytes: number): Promise<void> {
  let came = 0
  stream.on('data', (chunk: Uint8Array) => {
    came += chunk.byteLength
  })
  await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject))
  if (came !== bytes) throw new Error(`${came} of ${bytes} bytes came`)
}
