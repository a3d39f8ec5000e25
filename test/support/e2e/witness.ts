import { randomBytes } from 'node:crypto'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { topicOf } from '../../../protocols/registry.ts'
import { createInvitedNode } from './invited-node.ts'

/** A peer that says nothing and remembers every envelope that is gossiped. */
export interface Witness extends AsyncDisposable {
  readonly heard: readonly Uint8Array[]
}

export async function startWitness(invite: string): Promise<Witness> {
  const { network } = parseInvite(invite)
  const heard: Uint8Array[] = []
  const node = await createInvitedNode(invite, new Uint8Array(randomBytes(32)))
  for (const topic of ['contributions', 'votes'] as const) {
    node.gossip.subscribe(topicOf(String(network), topic), ({ bytes }) => {
      heard.push(bytes.slice())
      return { verdict: 'accept' }
    })
  }
  await node.start()
  return { heard, [Symbol.asyncDispose]: () => node.stop() }
}
