import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, type TopicName, topicOf } from '../../../protocols/registry.ts'
import { encodeEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import { createSigner } from '../../../src/adapters/system/signer.ts'
import { createInvitedNode } from './invited-node.ts'

const MAX_ATTEMPTS = 200
const RETRY_MS = 100

/** A peer that says anything at all, well signed or not. */
export interface Gossiper extends AsyncDisposable {
  readonly network: CID
  readonly key: Uint8Array
  readonly peerId: string
  sign(payload: Uint8Array): Uint8Array
  /** @throws Error when nobody heard it */
  say(topic: TopicName, envelope: Uint8Array): Promise<void>
  /** Says ever other things until somebody listens: connecting takes a while. @throws Error at the deadline */
  sayUntilHeard(topic: TopicName, make: (attempt: number) => Uint8Array): Promise<void>
}

export async function startGossiper(invite: string): Promise<Gossiper> {
  const { network } = parseInvite(invite)
  const seed = new Uint8Array(randomBytes(32))
  const signer = createSigner(seed)
  const topics = TOPICS.map((name) => topicOf(String(network), name))
  const node = await createInvitedNode(invite, seed)
  for (const topic of topics) node.gossip.subscribe(topic, () => ({ verdict: 'accept' }))
  await node.start()
  const publish = async (topic: TopicName, envelope: Uint8Array) =>
    (await node.gossip.publish(topicOf(String(network), topic), envelope)).recipients
  return {
    network,
    key: signer.key,
    peerId: node.mesh.self,
    sign: (payload) => encodeEnvelope(payload, signer.sign(preAuthentication(payload))),
    say: async (topic, envelope) => {
      if ((await publish(topic, envelope)) === 0) throw new Error('nobody heard it')
    },
    sayUntilHeard: async (topic, make) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        if ((await publish(topic, make(attempt))) > 0) return
        await setTimeout(RETRY_MS)
      }
      throw new Error('nobody ever listened')
    },
    [Symbol.asyncDispose]: () => node.stop(),
  }
}
