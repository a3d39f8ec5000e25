import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseInvite } from '../../protocols/membership/invite.ts'
import { topicOf } from '../../protocols/registry.ts'
import { encodeEvidence, isProven, judgeEvidence } from '../../protocols/round/evidence.ts'
import { prevote } from '../../protocols/round/messages.ts'
import { fromHex } from '../../protocols/wire/bytes.ts'
import { idOf } from '../../protocols/wire/codec.ts'
import { subscribed } from '../net/adapters/support.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { startEquivocator } from '../support/e2e/equivocator.ts'
import { type Gossiper, startGossiper } from '../support/e2e/gossiper.ts'
import { createInvitedNode } from '../support/e2e/invited-node.ts'
import { createTestNetwork, type TestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { runCli } from '../support/node/cli.ts'
import { testCid } from '../support/protocols/network.ts'

const isEvidence = ({ event }: DaemonEvent) => event === 'evidence'
const isFused = ({ event }: DaemonEvent) => event === 'fused'

// fault 79
describe('evidence of a member that tells two halves different things', () => {
  it('reaches who heard no vote at all, a follower, and a peer that joins when all is over; whoever forges some pays for it', async () => {
    await using network = await createTestNetwork({
      members: 3,
      quorum: 'crash',
      round: { minContributions: 2, collectMs: 1_000, graceMs: 200, viewTimeoutMs: 2_000 },
    })
    const [first, second, liar] = network.peers
    assert.ok(first && second && liar)
    const ada = await network.start(first, { rounds: 1 })
    const invite = String((await ada.event(({ event }) => event === 'ready', 'ready'))['invite'])
    const follower = await network.start(await network.stranger('follower'), { invite })
    await using witness = await listenToEvidence(invite)
    await using equivocator = await startEquivocator({ dataDir: liar.dataDir, invite })

    await equivocator.listTwice(1, network.base)
    const told = await ada.event(isEvidence, 'evidence of its own machine')
    assert.deepEqual([told['author'], told['name'], told['round']], [liar.key, liar.name, 1])
    assert.deepEqual(await witness.heard, [liar.key, 1])
    await follower.event(isEvidence, 'evidence at the follower')

    await using forger = await startGossiper(invite)
    await forgeAgainst(second, forger)
    await ada.event(({ event, what }) => event === 'refused' && what === 'evidence', 'that it refuses the forgery')

    // Only now can the round end; who comes after it hears of it by sync alone.
    const ben = await network.start(second, { rounds: 1, invite })
    await Promise.all([ada, ben, follower].map((daemon) => daemon.event(isFused, 'the base of round 1')))
    const late = await network.start(await network.stranger('late'), { invite })
    await late.event(isEvidence, 'evidence by sync')
    for (const daemon of [ada, ben, follower, late]) {
      const { evidence } = await daemon.status()
      assert.equal(JSON.stringify(evidence).match(/"author"/g)?.length, 1, daemon.name)
      assert.ok(JSON.stringify(evidence).includes(liar.key), daemon.name)
    }
    await scoresOf(ada, forger.peerId, ben)
    await checkOffline(network, late, liar)
  })
})

/** Hears the topic of evidence, and no other: the first that it hears names whom, and which round. */
async function listenToEvidence(invite: string) {
  const { network } = parseInvite(invite)
  const topic = topicOf(String(network), 'evidence')
  const node = await createInvitedNode(invite, new Uint8Array(randomBytes(32)))
  const { promise: heard, resolve } = Promise.withResolvers<readonly [author: string, round: number]>()
  node.gossip.subscribe(topic, ({ bytes }) => {
    const judged = judgeEvidence(bytes, { network, isMember: () => true })
    if (isProven(judged)) resolve([Buffer.from(judged.author).toString('hex'), judged.round])
    return { verdict: 'accept' }
  })
  await node.start()
  await subscribed(node, 1, topic)
  return { heard, [Symbol.asyncDispose]: () => node.stop() }
}

/** Two votes that the accused never signed. */
async function forgeAgainst(accused: TestPeer, forger: Gossiper): Promise<void> {
  const author = fromHex(accused.key)
  assert.ok(author)
  const vote = (label: string) => {
    const message = { network: forger.network, author, round: 1, view: 0, base: testCid(label) }
    const payload = prevote.encode(message)
    const envelope = forger.sign(payload)
    return { message: prevote.decode(payload), id: idOf(payload), payload, signature: new Uint8Array(64), envelope }
  }
  await forger.sayUntilHeard('evidence', (attempt) =>
    encodeEvidence(forger.network, vote(`forged ${attempt}`), vote(`forged otherwise ${attempt}`)),
  )
}

/** It costs whoever sent it, and neither the accused nor who relays nothing. */
async function scoresOf(judge: Daemon, forger: string, accused: Daemon): Promise<void> {
  const { peers } = await judge.ask('/v1/peers')
  const { peerId } = await accused.status()
  assert.ok(Array.isArray(peers))
  const scoreOf = (id: unknown) => Number(peers.find((peer) => peer.id === id)?.score)
  assert.ok(scoreOf(forger) < 0, JSON.stringify(peers))
  assert.ok(scoreOf(peerId) >= 0, JSON.stringify(peers))
}

/** What the latecomer exports, a third party checks with the genesis' file and nothing else. */
async function checkOffline(network: TestNetwork, late: Daemon, liar: TestPeer): Promise<void> {
  const out = join(network.dir, 'evidence')
  const exported = await runCli(['evidence', '--dir', late.dataDir, '--out', out, '--json'])
  assert.equal(exported.code, 0, exported.stderr)
  const [file] = readdirSync(out)
  const base = join(network.dir, 'exported')
  assert.equal(
    (await runCli(['export', String((await late.status())['base']), '--dir', late.dataDir, '--out', base])).code,
    0,
  )
  assert.ok(file !== undefined && existsSync(`${base}.genesis.cbor`))
  const nowhere = join(network.dir, 'nowhere')
  const files = ['--evidence', join(out, file), '--genesis-file', `${base}.genesis.cbor`]
  const { code, stdout } = await runCli(['verify', ...files, '--dir', nowhere, '--json'])
  assert.equal(code, 0, stdout)
  const { proven, trusted, member, author, name } = JSON.parse(stdout)
  assert.deepEqual([proven, trusted, member, author, name], [true, true, true, liar.key, liar.name])
}
