import { randomBytes } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { topicOf } from '../../../protocols/registry.ts'
import { SYNC_PROTOCOL, syncRoundRequest } from '../../../protocols/sync/messages.ts'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import { newKey, stateContribution } from '../../support/e2e/liar/contribution.ts'
import { frame, ihaveRpc, iwantRpc, messageRpc, subscriptionsRpc } from '../../support/net/rpc.ts'

/** What a flood is made of. */
export interface Target {
  readonly network: string
  readonly base: string
  /** Size of a checkpoint. */
  readonly bytes: number
}

/** Frames for the gossip stream, or exchanges on streams of their own. */
export type Mode =
  | { readonly via: 'gossip'; make(target: Target): Uint8Array }
  | { readonly via: 'streams'; readonly protocol: string; make(target: Target): Uint8Array | null }
  | { readonly via: 'connections' }

const IDS = 100
const TOPICS = 10

/** A contribution that every judge accepts: keys are free. */
export function validEnvelope({ network, base, bytes }: Target): Uint8Array {
  const fields = { network: cid(network), round: 1, parent: cid(base), checkpoint: someCid(), bytes }
  return stateContribution(fields, newKey()).envelope
}

function unknownParent({ network, bytes }: Target): Uint8Array {
  const fields = { network: cid(network), round: 1, parent: someCid(), checkpoint: someCid(), bytes }
  return stateContribution(fields, newKey()).envelope
}

function badSignature(target: Target): Uint8Array {
  const envelope = validEnvelope(target)
  return Buffer.concat([envelope.subarray(0, -64), randomBytes(32), envelope.subarray(-32)])
}

const gossip = (data: (target: Target) => Uint8Array): Mode => ({
  via: 'gossip',
  make: (target) => messageRpc(topicOf(target.network, 'contributions'), data(target)),
})

export const MODES: Readonly<Record<string, Mode>> = {
  valid: gossip(validEnvelope),
  'unknown parents': gossip(unknownParent),
  'bad signatures': gossip(badSignature),
  'oversized messages': gossip(() => randomBytes(70 * 1024)),
  'random messages': gossip(() => randomBytes(600)),
  'random frames': { via: 'gossip', make: () => frame(randomBytes(600)) },
  subscriptions: {
    via: 'gossip',
    make: () => subscriptionsRpc(Array.from({ length: TOPICS }, () => randomBytes(30).toString('hex'))),
  },
  IHAVE: { via: 'gossip', make: ({ network }) => ihaveRpc(topicOf(network, 'contributions'), ids()) },
  IWANT: { via: 'gossip', make: () => iwantRpc(ids()) },
  'sync requests': {
    via: 'streams',
    protocol: SYNC_PROTOCOL,
    make: ({ network }) => frame(syncRoundRequest.encode({ network: cid(network), round: 1, have: [] })),
  },
  'silent streams': { via: 'streams', protocol: SYNC_PROTOCOL, make: () => null },
  'ping streams': { via: 'streams', protocol: '/ipfs/ping/1.0.0', make: () => randomBytes(32) },
  'bare connections': { via: 'connections' },
}

function ids(): Uint8Array[] {
  return Array.from({ length: IDS }, () => randomBytes(32))
}

function someCid(): CID {
  return CID.createV1(0x70, createDigest(0x12, new Uint8Array(randomBytes(32))))
}

function cid(text: string): CID {
  const parsed = parseCid(text)
  if (!parsed) throw new Error('not a CID')
  return parsed
}
