import { parseInvite } from '../../../protocols/membership/invite.ts'
import { topicOf } from '../../../protocols/registry.ts'
import { inclusionList, prevote } from '../../../protocols/round/messages.ts'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import { readKey } from '../../../src/adapters/files/key-file.ts'
import { createSigner } from '../../../src/adapters/system/signer.ts'
import { paths } from '../../../src/peer/data-dir.ts'
import { subscribed } from '../../net/adapters/support.ts'
import { createInvitedNode } from './invited-node.ts'

/** A member of the committee, by its own key, that signs two things where an honest one signs one. */
export interface Equivocator extends AsyncDisposable {
  /** Two lists of seq 0: one of nothing, one of a contribution that nobody made. */
  listTwice(round: number, parent: string): Promise<void>
  /** Two prevotes of view 0: for nothing, and for the round's own base. */
  prevoteTwice(round: number, parent: string): Promise<void>
}

export async function startEquivocator({ dataDir, invite }: { dataDir: string; invite: string }): Promise<Equivocator> {
  const { network } = parseInvite(invite)
  const seed = await readKey(paths.key(dataDir))
  const signer = createSigner(seed)
  const topic = topicOf(String(network), 'votes')
  const node = await createInvitedNode(invite, seed)
  node.gossip.subscribe(topic, () => ({ verdict: 'accept' }))
  await node.start()
  await subscribed(node, 1, topic)

  async function say(payloads: readonly Uint8Array[]): Promise<void> {
    for (const payload of payloads) {
      const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
      const { recipients } = await node.gossip.publish(topic, envelope)
      if (recipients === 0) throw new Error('nobody heard the equivocator')
    }
  }

  function baseOf(parent: string) {
    const base = parseCid(parent)
    if (!base) throw new Error('the parent is a CID')
    return base
  }

  return {
    listTwice: async (round, parent) => {
      const fields = { network, author: signer.key, round, parent: baseOf(parent), seq: 0 }
      const nobodys = idOf(new TextEncoder().encode(`nobody made this in round ${round}`))
      await say([[], [nobodys]].map((contributions) => inclusionList.encode({ ...fields, contributions })))
    },
    prevoteTwice: async (round, parent) => {
      const fields = { network, author: signer.key, round, view: 0 }
      await say([null, baseOf(parent)].map((base) => prevote.encode({ ...fields, base })))
    },
    [Symbol.asyncDispose]: () => node.stop(),
  }
}
