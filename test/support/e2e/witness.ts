import { randomBytes } from 'node:crypto'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { topicOf } from '../../../protocols/registry.ts'
import { ignore } from '../../../protocols/wire/verdict.ts'
import { createInvitedNode } from './invited-node.ts'

/** A peer that says nothing and remembers every envelope that is gossiped. It relays none where it must not join what is parted. */
export interface Witness extends AsyncDisposable {
  readonly heard: readonly Uint8Array[]
}

export async function startWitness(
  invite: string,
  { alsoDial = [], relays = true }: { readonly alsoDial?: readonly string[]; readonly relays?: boolean } = {},
): Promise<Witness> {
  const { network } = parseInvite(invite)
  const heard: Uint8Array[] = []
  const node = await createInvitedNode(invite, new Uint8Array(randomBytes(32)), alsoDial)
  for (const topic of ['contributions', 'votes'] as const) {
    node.gossip.subscribe(topicOf(String(network), topic), ({ bytes }) => {
      heard.push(bytes.slice())
      return relays ? { verdict: 'accept' } : ignore('only-heard')
    })
  }
  await node.start()
  return { heard, [Symbol.asyncDispose]: () => node.stop() }
}
