import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, topicOf } from '../../../protocols/registry.ts'
import { ACCEPT } from '../../../protocols/wire/verdict.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { gossipsubOf, subscribed } from '../../net/adapters/support.ts'
import { createInvitedNode } from '../../support/e2e/invited-node.ts'
import { MODES, type Mode, type Target } from './modes.ts'

/**
 * One flooding peer, a process of its own: `flooder.ts MODE INVITE BASE BYTES RATE SECONDS`. Made before, then sent as fast as
 * the victim takes it, at most `RATE` a second. Prints what it offered and what was taken.
 */
const [mode = '', invite = '', base = '', bytes = '', rateText = '', secondsText = ''] = process.argv.slice(2)
const flood = MODES[mode]
if (!flood) throw new Error(`no mode ${mode}`)
const rate = Number(rateText)
const seconds = Number(secondsText)
const TICK_MS = 10
/** Beyond this much unsent it waits, as an attacker would: an overfull stream dies. */
const MAX_UNSENT_BYTES = 512 * 1024
/** Distinct things made before the flood begins; then again from the first. */
const MAX_MADE = 15_000
const MAX_MADE_BYTES = 64 * 1024 * 1024
const MAX_OPEN = 64

const { network, addresses } = parseInvite(invite)
const target: Target = { network: String(network), base, bytes: Number(bytes) }
const [address = ''] = addresses
const victim = address.split('/').at(-1) ?? ''
const node = await createInvitedNode(invite, new Uint8Array(randomBytes(32)))
const topics = TOPICS.map((name) => topicOf(String(network), name))
for (const topic of topics) node.gossip.subscribe(topic, () => ACCEPT)
await node.start()
await subscribed(node, 1, topicOf(String(network), 'contributions'))
let taken = 0
const send = await prepare(flood, node)
process.stdout.write('ready\n')
const startedMs = performance.now()
let offered = 0
for (;;) {
  const elapsedMs = performance.now() - startedMs
  if (elapsedMs > seconds * 1000) break
  const due = Math.min(rate * seconds, Math.floor((elapsedMs * rate) / 1000))
  for (; offered < due; offered++) if (send()) taken++
  await setTimeout(TICK_MS)
}
process.stdout.write(`${JSON.stringify({ offered, taken, connected: node.mesh.peers().length > 0 })}\n`)
process.exit(0)

/** Returns what sends the next; false when the victim takes no more now. */
async function prepare(mode: Mode, from: Libp2pNode): Promise<() => boolean> {
  if (mode.via === 'connections') return openSockets()
  if (mode.via === 'streams') return exchangeOnStreams(mode, from)
  const made: Uint8Array[] = []
  for (let size = 0; made.length < Math.min(MAX_MADE, rate * seconds) && size < MAX_MADE_BYTES; ) {
    const one = mode.make(target)
    size += one.byteLength
    made.push(one)
  }
  let raw = gossipStream(from)
  for (; raw === null; raw = gossipStream(from)) await setTimeout(TICK_MS)
  return () => {
    if (raw?.status !== 'open') raw = gossipStream(from)
    const one = made[taken % made.length]
    if (one === undefined || raw === null || raw.writeBufferLength > MAX_UNSENT_BYTES) return false
    raw.send(one)
    return true
  }
}

function gossipStream(from: Libp2pNode): Stream | null {
  const streams: unknown = Reflect.get(gossipsubOf(from), 'streamsOutbound')
  const stream: unknown = streams instanceof Map ? streams.get(victim) : undefined
  const raw: unknown = typeof stream === 'object' && stream !== null && 'rawStream' in stream ? stream.rawStream : null
  return isStream(raw) && raw.status === 'open' ? raw : null
}

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && 'writeBufferLength' in value
}

/** As many at once as the connection takes, each ended by whoever ends it. */
function exchangeOnStreams(mode: Extract<Mode, { via: 'streams' }>, from: Libp2pNode): () => boolean {
  let open = 0
  const one = async () => {
    const stream = await from.libp2p.dialProtocol(peerIdFromString(victim), mode.protocol, { maxOutboundStreams: 1000 })
    stream.addEventListener('message', () => {})
    const ended = new Promise((resolve) => {
      stream.addEventListener('close', resolve)
      stream.addEventListener('remoteCloseWrite', resolve)
    })
    const question = mode.make(target)
    if (question === null) {
      stream.send(Uint8Array.of(0x80))
      await ended
      return
    }
    stream.send(question)
    await stream.close()
    await Promise.race([ended, setTimeout(500, undefined, { ref: false })])
  }
  return () => {
    if (open >= MAX_OPEN) return false
    open++
    one()
      .catch(() => {})
      .finally(() => open--)
    return true
  }
}

function openSockets(): () => boolean {
  const [, , host = '', , port = ''] = address.split('/')
  let open = 0
  return () => {
    if (open >= 500) return false
    open++
    const socket = connect(Number(port), host)
    socket.on('error', () => {})
    socket.on('close', () => open--)
    return true
  }
}
