import { randomBytes } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { formatInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, topicOf } from '../../../protocols/registry.ts'
import { SYNC_PROTOCOL, syncBasesRequest, syncHead, syncHeadRequest } from '../../../protocols/sync/messages.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import type { ChainEntry } from '../../../src/peer/chain-entry.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { answerSync } from '../../../src/peer/sync/server.ts'
import { startNode } from '../../net/adapters/support.ts'
import type { TestChain } from './build-chain.ts'

/** A real libp2p node that serves a chain and its newest base, and may lie in what it answers. */
export interface ChainServer extends AsyncDisposable {
  readonly peerId: string
  readonly address: string
  readonly invite: string
  /** The rounds that were asked for, first of each page. */
  readonly asked: readonly number[]
  /** How often it was asked for its head. */
  readonly heads: number
  /** Also serves the rounds up to this one. */
  grow(rounds: number): Promise<void>
}

export interface ServerOptions {
  /** How many rounds it serves; default all. */
  readonly rounds?: number
  /** The frames of an answer, as they are sent. */
  readonly bases?: (frames: AsyncIterable<Uint8Array>, from: number) => AsyncIterable<Uint8Array>
  /** Holds every block of the chain, not those of its newest base alone. */
  readonly isWhole?: boolean
  /** The round that it says it is at. */
  readonly claims?: number
  /** It says nothing of its head before. */
  readonly until?: Promise<void>
}

export async function startChainServer(chain: TestChain, options: ServerOptions = {}): Promise<ChainServer> {
  const { network } = chain.net
  const node = await startNode({
    seed: randomBytes(32),
    network: String(network),
    topics: TOPICS.map((name) => topicOf(String(network), name)),
  })
  const store = await createContentStore({ dir: null, node, log: nullLog })
  const entries: ChainEntry[] = []
  const asked: number[] = []
  let heads = 0

  async function holdWhole(base: CID): Promise<void> {
    const { files } = await openBase(base, chain.store.get)
    for (const cid of [base, ...files.map((file) => file.cid)]) await store.put(cid, await chain.store.get(cid))
  }

  async function grow(rounds: number): Promise<void> {
    const last = chain.entries[rounds - 1]
    if (last) await holdWhole(last.base)
    entries.push(...chain.entries.slice(entries.length, rounds))
  }

  await store.put(network, chain.net.bytes)
  await holdWhole(chain.net.genesis.base)
  await grow(options.rounds ?? chain.entries.length)
  if (options.isWhole === true) for (const [text, block] of chain.store.blocks) await store.put(CID.parse(text), block)
  await node.streams.serve(SYNC_PROTOCOL, ({ bytes }) => {
    const frames = answerSync(bytes, {
      ...{ network, store: chain.store, log: nullLog, round: () => null, fork: () => null },
      ...{
        reports: { missing: () => [] },
        amendments: { missing: () => [] },
        deltas: { of: () => null },
        evidence: { missing: () => [] },
      },
      chain: () => entries,
      genesisBase: () => chain.net.genesis.base,
    })
    const text = Buffer.from(bytes).toString('latin1')
    if (text.includes(syncHeadRequest.kind)) {
      heads++
      return stateHead(frames, options)
    }
    if (!text.includes(syncBasesRequest.kind)) return frames
    const { from, to } = syncBasesRequest.decode(bytes)
    // Who finds out where chains part asks for single rounds.
    if (to > from) asked.push(from)
    return options.bases?.(frames, from) ?? frames
  })
  await store.start()
  const [address] = node.mesh.addresses()
  if (address === undefined) throw new Error('the node does not listen')
  return {
    peerId: node.mesh.self,
    address,
    invite: formatInvite({ network, addresses: [address] }),
    asked,
    get heads() {
      return heads
    },
    grow,
    [Symbol.asyncDispose]: async () => {
      await store.stop()
      await node.stop()
    },
  }
}

async function* stateHead(
  frames: AsyncIterable<Uint8Array>,
  { claims, until }: ServerOptions,
): AsyncGenerator<Uint8Array> {
  await until
  for await (const frame of frames) {
    yield claims === undefined ? frame : syncHead.encode({ ...syncHead.decode(frame), round: claims })
  }
}
