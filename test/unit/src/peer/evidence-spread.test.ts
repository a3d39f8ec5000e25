import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { topicOf } from '../../../../protocols/registry.ts'
import { encodeEvidence } from '../../../../protocols/round/evidence.ts'
import { prevote } from '../../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../../protocols/round/rules.ts'
import { SYNC_PROTOCOL } from '../../../../protocols/sync/messages.ts'
import type { Signed } from '../../../../protocols/wire/envelope.ts'
import { MAX_EVIDENCE_PER_MEMBER } from '../../../../protocols/wire/limits.ts'
import { memoryContentStore } from '../../../../src/adapters/memory/content-store.ts'
import { memoryLog, nullLog } from '../../../../src/adapters/memory/log.ts'
import { type MemoryNetwork, memoryNetwork } from '../../../../src/adapters/memory/network.ts'
import { createEmitter } from '../../../../src/peer/emitter.ts'
import { openEvidence } from '../../../../src/peer/evidence.ts'
import { createSyncClient } from '../../../../src/peer/sync/client.ts'
import { answerSync } from '../../../../src/peer/sync/server.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'
import { networkFacts } from '../../../../src/rounds/network.ts'
import { temporaryDirectory } from '../../../support/history/temporary.ts'
import { sign, type TestKey, testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'

const dir = temporaryDirectory()
const net = testNetwork({ members: 7 })
const facts = networkFacts(net.network, net.genesis)
const [liar, second] = net.members
if (!liar || !second) throw new Error('two members')
const topic = topicOf(String(net.network), 'evidence')
const LAST_ROUND = 100

const vote = (base: string, round = 1, by: TestKey = liar): Signed<RoundMessage> =>
  sign(prevote, { network: net.network, round, view: 0, base: testCid(base) }, by)
const pair = (round = 1, by: TestKey = liar, bases: readonly [string, string] = ['x', 'y']) =>
  encodeEvidence(net.network, vote(bases[0], round, by), vote(bases[1], round, by))

/** A peer's evidence with a file, gossip and sync of its own; started again under a name it has its file back. */
async function open(t: TestContext, mesh: MemoryNetwork, name: string, links?: readonly string[]) {
  const node = mesh.join(name, links === undefined ? {} : { links })
  const events = createEmitter<PeerEvent>()
  const told: Extract<PeerEvent, { type: 'evidence' }>[] = []
  const refused: string[] = []
  const published: Uint8Array[] = []
  const log = memoryLog()
  events.on((event) => event.type === 'evidence' && told.push(event))
  const evidence = await openEvidence({
    dataDir: join(dir, `${t.name.replace(/\W+/g, '-')}-${name.replace(/\d$/, '')}`),
    network: net.network,
    factsAt: (round) => (round <= LAST_ROUND ? facts : null),
    gossip: {
      publish: (to, bytes) => {
        published.push(bytes)
        return node.gossip.publish(to, bytes)
      },
    },
    sync: createSyncClient(node.streams, net.network),
    note: ({ reason }) => refused.push(reason),
    clock: { wall: () => 1 },
    log,
    events,
    signal: new AbortController().signal,
  })
  node.gossip.subscribe(topic, ({ bytes }) => evidence.receive(bytes))
  const source = {
    network: net.network,
    store: memoryContentStore(),
    log: nullLog,
    chain: () => [],
    genesisBase: () => net.genesis.base,
    round: () => null,
    reports: { missing: () => [] },
    amendments: { missing: () => [] },
    deltas: { of: () => null },
    fork: () => null,
    evidence,
  }
  await node.streams.serve(SYNC_PROTOCOL, ({ bytes }) => answerSync(bytes, source))
  /** Resolves once so much evidence was told; the test's deadline ends what never comes. */
  const heard = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => told.length >= count && resolve()
      events.on(look)
      look()
    })
  return { evidence, told, heard, refused, published, log, node }
}

// fault 79
describe('evidence', { timeout: 120_000 }, () => {
  it('reaches who saw neither message, by way of who saw one side, and is published by who found it, once', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    const ben = await open(t, mesh, 'ben', ['ada'])
    const follower = await open(t, mesh, 'follower', ['ben'])
    await ada.evidence.store(vote('x'), vote('y'))
    await ada.evidence.store(vote('x'), vote('z'))
    await Promise.all([ben.heard(1), follower.heard(1)])
    // Its own machine finds the same later: no news.
    await ben.evidence.store(vote('y'), vote('x'))
    for (const { evidence, told } of [ada, ben, follower]) {
      assert.deepEqual(
        evidence.entries.map(({ bytes }) => bytes),
        [pair()],
      )
      assert.deepEqual(
        told.map(({ name, round }) => [name, round]),
        [[liar.name, 1]],
      )
    }
    assert.deepEqual(
      [ada, ben, follower].map(({ published }) => published.length),
      [1, 0, 0],
    )
    for (const { evidence } of [ada, ben, follower]) await evidence.close()
  })

  it('is not relayed when it proves nothing, which its sender is told, and the accused nothing', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    const ben = await open(t, mesh, 'ben', ['ada'])
    const honest = encodeEvidence(net.network, vote('x', 1, second), vote('y', 2, second))
    const stranger = pair(1, testKey('stranger'))
    const { envelope, ...said } = vote('y', 1, second)
    const unsigned = { ...said, envelope: envelope.map((byte, at) => (at === envelope.length - 1 ? byte ^ 1 : byte)) }
    const forged = encodeEvidence(net.network, vote('x', 1, second), unsigned)
    const verdicts = [honest, stranger, forged, new Uint8Array(20_000)].map(ada.evidence.receive)
    assert.deepEqual(
      verdicts.map(({ verdict }) => verdict),
      ['reject', 'reject', 'reject', 'reject'],
    )
    assert.deepEqual(ada.refused, [
      'evidence-no-contradiction',
      'evidence-not-a-member',
      'evidence-bad-signature',
      'evidence-too-long',
    ])
    assert.equal(ada.evidence.receive(pair(LAST_ROUND + 1)).verdict, 'ignore')
    assert.deepEqual([ada.told, ben.told, ada.evidence.entries], [[], [], []])
    for (const { evidence } of [ada, ben]) await evidence.close()
  })

  it('comes by sync to who joins later, page after page, and is not asked for again', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    for (const member of net.members) {
      for (let round = 1; round <= MAX_EVIDENCE_PER_MEMBER; round++) ada.evidence.receive(pair(round, member))
    }
    const count = net.members.length * MAX_EVIDENCE_PER_MEMBER
    assert.ok(ada.evidence.entries.length === count && count > 64)
    const late = await open(t, mesh, 'late')
    await late.evidence.syncWith('ada')
    assert.equal(late.evidence.entries.length, count)
    assert.equal(late.published.length, 0)
    const held = net.members.flatMap(({ publicKey }) =>
      Array.from({ length: MAX_EVIDENCE_PER_MEMBER }, (_, i) => ({ author: publicKey, round: i + 1 })),
    )
    assert.deepEqual(ada.evidence.missing(held), [])
    for (const { evidence } of [ada, late]) await evidence.close()
  })

  it('is bounded, whatever one liar makes: sixteen pairs of it, on the disk too, and none asked for beside them', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    const verdicts = Array.from({ length: 40 }, (_, i) => ada.evidence.receive(pair(40 - i)).verdict)
    assert.deepEqual([verdicts[15], verdicts[16]], ['accept', 'ignore'])
    await ada.evidence.store(vote('x', 50), vote('y', 50))
    await ada.evidence.close()
    const again = await open(t, mesh, 'ada2')
    assert.equal(again.evidence.entries.length, MAX_EVIDENCE_PER_MEMBER)
    const ben = await open(t, mesh, 'ben')
    for (let round = 1; round <= MAX_EVIDENCE_PER_MEMBER; round++) ben.evidence.receive(pair(round))
    await ben.evidence.syncWith('ada2')
    assert.equal(ben.evidence.entries.length, MAX_EVIDENCE_PER_MEMBER)
    for (const { evidence } of [again, ben]) await evidence.close()
  })

  it('of another pair is no news: peers keep one each of a member and round', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    const ben = await open(t, mesh, 'ben', [])
    ada.evidence.receive(pair(1, liar, ['x', 'y']))
    ben.evidence.receive(pair(1, liar, ['x', 'z']))
    mesh.link('ada', 'ben')
    await ben.evidence.syncWith('ada')
    assert.equal(ben.evidence.entries.length, 1)
    for (const { evidence } of [ada, ben]) await evidence.close()
  })

  it('that a neighbour makes up ends the exchange, and nothing of it stays', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    const liarsNode = mesh.join('liar')
    const forged = { missing: () => [pair(1, testKey('stranger')), pair(2)] }
    await liarsNode.streams.serve(SYNC_PROTOCOL, ({ bytes }) =>
      answerSync(bytes, {
        network: net.network,
        store: memoryContentStore(),
        log: nullLog,
        chain: () => [],
        genesisBase: () => net.genesis.base,
        round: () => null,
        reports: { missing: () => [] },
        amendments: { missing: () => [] },
        deltas: { of: () => null },
        fork: () => null,
        evidence: forged,
      }),
    )
    await ada.evidence.syncWith('liar')
    assert.deepEqual(ada.evidence.entries, [])
    assert.ok(ada.log.entries.some(({ event }) => event === 'evidence-sync-failed'))
    await ada.evidence.close()
  })
})
