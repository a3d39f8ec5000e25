import { createHash } from 'node:crypto'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Gossip, GossipMessage } from '../../ports/gossip.ts'
import type { Mesh } from '../../ports/mesh.ts'
import type { StreamRequest, Streams } from '../../ports/streams.ts'
import type { Clock } from '../../ports/system.ts'
import { requestInMemory } from './streams.ts'

export interface MemoryNode {
  readonly gossip: Gossip
  readonly streams: Streams
  readonly mesh: Mesh
}

export interface MemoryNetwork {
  /** A new peer, linked to all that are here unless `links` says otherwise. `id` is its peer id. */
  join(id: string, options?: { links?: readonly string[] }): MemoryNode
  link(a: string, b: string): void
  unlink(a: string, b: string): void
  /** Takes every link of a peer away, as a crash does. */
  leave(id: string): void
}

export type Answer = (request: StreamRequest) => AsyncIterable<Uint8Array>
type Judge = (message: GossipMessage) => Verdict | Promise<Verdict>
type Listener = (change: { peer: string; connected: boolean }) => void

export interface MemoryPeer {
  readonly id: string
  readonly links: Set<string>
  readonly judges: Map<string, Judge>
  readonly answers: Map<string, Answer>
  readonly listeners: Set<Listener>
  readonly seen: Set<string>
}

/**
 * Peers in one process, without sockets. Gossip floods along links: each peer judges a message once and passes on what
 * it accepts. `clock` times out requests; without one only the caller's signal does.
 */
export function memoryNetwork(options: { clock?: Clock } = {}): MemoryNetwork {
  const peers = new Map<string, MemoryPeer>()

  const setLink = (a: string, b: string, connected: boolean): void => {
    const one = peers.get(a)
    const other = peers.get(b)
    if (one === undefined || other === undefined || one === other) return
    if (one.links.has(b) === connected) return
    for (const [peer, id] of [
      [one, b],
      [other, a],
    ] as const) {
      if (connected) peer.links.add(id)
      else peer.links.delete(id)
      for (const listener of peer.listeners) listener({ peer: id, connected })
    }
  }

  /** Sends to the neighbours that listen to the topic; returns how many. */
  const spread = (from: MemoryPeer, topic: string, message: Uint8Array, except?: string): number => {
    let recipients = 0
    for (const id of from.links) {
      const peer = peers.get(id)
      if (id === except || peer === undefined || !peer.judges.has(topic)) continue
      recipients++
      setImmediate(() => void receive(peer, topic, message.slice(), from.id))
    }
    return recipients
  }

  const receive = async (peer: MemoryPeer, topic: string, bytes: Uint8Array, from: string): Promise<void> => {
    const judge = peer.judges.get(topic)
    if (judge === undefined || !peer.links.has(from) || !isFirst(peer, bytes)) return
    try {
      const { verdict } = await judge({ bytes, from })
      if (verdict === 'accept') spread(peer, topic, bytes, from)
    } catch {
      // A judge that throws is our bug: the message goes no further, the peer is not to blame.
    }
  }

  const nodeOf = (peer: MemoryPeer): MemoryNode => ({
    gossip: {
      publish: async (topic, message) => ({
        recipients: isFirst(peer, message) ? spread(peer, topic, message.slice()) : 0,
      }),
      subscribe(topic, judge) {
        if (peer.judges.has(topic)) throw new Error(`topic ${topic} has a judge already`)
        peer.judges.set(topic, judge)
        return () => {
          if (peer.judges.get(topic) === judge) peer.judges.delete(topic)
        }
      },
    },
    streams: {
      serve: async (protocol, answer) => void peer.answers.set(protocol, answer),
      request: (request) =>
        requestInMemory({
          request,
          from: peer.id,
          clock: options.clock,
          answer: peer.links.has(request.peer) ? peers.get(request.peer)?.answers.get(request.protocol) : undefined,
        }),
    },
    mesh: {
      self: peer.id,
      addresses: () => [`/memory/${peer.id}`],
      peers: () => [...peer.links].map((id) => ({ id, addresses: [`/memory/${id}`], score: 0 })),
      async connect(address, { signal } = {}) {
        if (signal?.aborted === true) throw new ColdmeshError('aborted', `Stopped connecting to ${address}.`)
        const id = address.replace(/^\/memory\//, '')
        if (!peers.has(id) || id === peer.id) throw new ColdmeshError('unreachable', `Could not reach ${address}.`)
        setLink(peer.id, id, true)
        return { id, addresses: [`/memory/${id}`], score: 0 }
      },
      nextDial: () => null,
      onChange(listener) {
        peer.listeners.add(listener)
        return () => void peer.listeners.delete(listener)
      },
    },
  })

  return {
    join(id, { links = [...peers.keys()] } = {}) {
      if (peers.has(id)) throw new Error(`peer ${id} is here already`)
      const peer: MemoryPeer = {
        id,
        links: new Set(),
        judges: new Map(),
        answers: new Map(),
        listeners: new Set(),
        seen: new Set(),
      }
      peers.set(id, peer)
      for (const other of links) setLink(id, other, true)
      return nodeOf(peer)
    },
    link: (a, b) => setLink(a, b, true),
    unlink: (a, b) => setLink(a, b, false),
    leave(id) {
      for (const other of [...(peers.get(id)?.links ?? [])]) setLink(id, other, false)
      peers.delete(id)
    },
  }
}

/** False for bytes this peer saw or said before. */
function isFirst(peer: MemoryPeer, bytes: Uint8Array): boolean {
  const id = createHash('sha256').update(bytes).digest('base64')
  if (peer.seen.has(id)) return false
  peer.seen.add(id)
  return true
}
