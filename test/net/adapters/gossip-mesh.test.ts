import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { ignore } from '../../../protocols/wire/verdict.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { SCORE_THRESHOLDS, scoreOf } from '../../../src/adapters/libp2p/scoring.ts'
import {
  addressOf,
  ears,
  gossipsubOf,
  heartbeats,
  link,
  paired,
  sendRpc,
  startNode,
  subscribed,
  TOPIC,
  until,
} from './support.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Five attackers to each honest peer. */
const DROPPERS = 10

/** Connects, subscribes, grafts, and passes nothing on. */
async function startDropper(options: Parameters<typeof startNode>[0] = {}): Promise<Libp2pNode> {
  const node = await startNode(options)
  ears(node, () => ignore('dropped'))
  return node
}

function meshOf(node: Libp2pNode): readonly string[] {
  const mesh: unknown = Reflect.get(gossipsubOf(node), 'mesh')
  const peers: unknown = mesh instanceof Map ? mesh.get(TOPIC) : undefined
  return peers instanceof Set ? [...peers].map(String) : []
}

async function meshHas(node: Libp2pNode, what: string, fits: (mesh: readonly string[]) => boolean): Promise<void> {
  await until(
    what,
    () => fits(meshOf(node)),
    (look) => {
      gossipsubOf(node).addEventListener('gossipsub:heartbeat', look)
      return () => gossipsubOf(node).removeEventListener('gossipsub:heartbeat', look)
    },
  )
}

describe('the mesh among attackers', () => {
  // Fault 13.
  it('thinks less of a peer that offers messages and never gives them, until it listens to no offers of it', async () => {
    await using liar = await startNode()
    await using b = await startNode()
    ears(b)
    ears(liar)
    await paired(liar, b)
    const tracer: unknown = Reflect.get(gossipsubOf(b), 'gossipTracer')
    assert.ok(Reflect.has(Object(tracer), 'gossipsubIWantFollowupMs'))
    Reflect.set(Object(tracer), 'gossipsubIWantFollowupMs', 100)
    let heartbeat = 0
    for (; scoreAt(b, liar) >= (SCORE_THRESHOLDS.gossipThreshold ?? 0) && heartbeat < 6; heartbeat++) {
      for (let i = 0; i < 20; i++) {
        const messageIDs = Array.from({ length: 10 }, () => randomBytes(32))
        const ihave = [{ topicID: TOPIC, messageIDs }]
        sendRpc(liar, b, {
          subscriptions: [],
          messages: [],
          control: { ihave, iwant: [], graft: [], prune: [], idontwant: [] },
        })
      }
      await heartbeats(b, 1)
    }
    assert.ok(scoreAt(b, liar) < (SCORE_THRESHOLDS.gossipThreshold ?? 0), `${scoreAt(b, liar)} after ${heartbeat}`)
    assert.ok(scoreAt(liar, b) >= 0)
    await heartbeats(b, 1)
    assert.ok(!meshOf(b).includes(liar.mesh.self), 'and it is out of the mesh')
  })

  // Faults 15, 16 and 17: started among five attackers to each honest peer, all of which drop what they get.
  it('hears what is said while all its mesh drops it', async () => {
    await using stack = new AsyncDisposableStack()
    const droppers = await Promise.all(Array.from({ length: DROPPERS }, async () => stack.use(await startDropper())))
    const [author, relay] = [stack.use(await startNode()), stack.use(await startNode())]
    for (const node of [author, relay]) ears(node)
    await paired(author, relay)
    const b = stack.use(await startNode({ bootstrap: droppers.map(addressOf), minConnections: DROPPERS }))
    const atB = ears(b)
    await subscribed(b, DROPPERS)
    const droppersIds = droppers.map(({ mesh }) => mesh.self)
    await Promise.all(droppers.map((dropper) => subscribed(dropper, 1)))
    // The whole mesh is theirs: they graft until it is full.
    const control = { ihave: [], iwant: [], graft: [{ topicID: TOPIC }], prune: [], idontwant: [] }
    for (const dropper of droppers) sendRpc(dropper, b, { subscriptions: [], messages: [], control })
    await meshHas(b, 'a full mesh', (mesh) => mesh.length >= 4 && mesh.every((peer) => droppersIds.includes(peer)))
    await link(relay, b)
    await subscribed(relay, 2)
    await author.gossip.publish(TOPIC, bytes('through the only honest peer'))
    await atB.heard('through the only honest peer')
  })
})

function scoreAt(node: Libp2pNode, other: Libp2pNode): number {
  return scoreOf(gossipsubOf(node), other.mesh.self)
}
