import { randomBytes } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { formatInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, topicOf } from '../../../protocols/registry.ts'
import { SYNC_PROTOCOL, syncBasesRequest, syncHead, syncHeadRequest } from '../../../protocols/sync/messages.ts'
import { createContentStore } from '../../../src/adapters/helia/content-store.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import type { ChainEntry } from '../../../src/peer/chain-entry.ts'
import { answerSync } from '../../../src/peer/sync/server.ts'
import { startNode } from '../../net/adapters/support.ts'
import type { TestChain } from './build-chain.ts'

/** A real libp2p node that serves a chain and its blocks, and may lie in what it answers. */
export interface ChainServer extends AsyncDisposable {
  readonly peerId: string
  readonly address: string
  readonly invite: string
  /** The rounds that were asked for, first of each page. */
  readonly asked: readonly number[]
  readonly heads: number
  /** Bytes of the answers. */
  readonly sent: number
  /** What it serves; may grow. */
  readonly entries: ChainEntry[]
  /** Also serves the rounds that the chain got since. */
  grow(chain: TestChain): Promise<void>
}

export interface ServerOptions {
  /** How many rounds it serves; default all. */
  readonly rounds?: number
  /** The frames of an answer, as they are sent. */
  readonly bases?: (frames: AsyncIterable<Uint8Array>, from: number, signal: AbortSignal) => AsyncIterable<Uint8Array>
  /** The round that it says it is at. */
  readonly claims?: number
  /** Serves no blocks. */
  readonly isBlockless?: boolean
}

export async function startChainServer(chain: TestChain, options: ServerOptions = {}): Promise<ChainServer> {
  const { network } = chain.net
  const node = await startNode({
    seed: randomBytes(32),
    network: String(network),
    topics: TOPICS.map((name) => topicOf(String(network), name)),
  })
  const store = await createContentStore({ dir: null, node, log: nullLog })
  const entries = chain.entries.slice(0, options.rounds)
  const asked: number[] = []
  let heads = 0
  let sent = 0

  async function hold({ net, store: { blocks } }: TestChain): Promise<void> {
    for (const [text, block] of blocks) await store.put(CID.parse(text), block)
    await store.put(net.network, net.bytes)
  }

  async function* counted(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const frame of frames) {
      sent += frame.length
      yield frame
    }
  }

  await hold(chain)
  await node.streams.serve(SYNC_PROTOCOL, ({ bytes, signal }) => {
    const source = {
      ...{ network, store, log: nullLog, reports: { missing: () => [] }, round: () => null },
      chain: () => entries,
      genesisBase: () => chain.net.genesis.base,
    }
    const frames = answerSync(bytes, source)
    const text = Buffer.from(bytes).toString('latin1')
    if (text.includes(syncHeadRequest.kind)) {
      heads++
      const { claims } = options
      return counted(claims === undefined ? frames : claim(frames, claims))
    }
    if (!text.includes(syncBasesRequest.kind)) return counted(frames)
    const { from } = syncBasesRequest.decode(bytes)
    asked.push(from)
    return counted(options.bases?.(frames, from, signal) ?? frames)
  })
  if (options.isBlockless !== true) await store.start()
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
    get sent() {
      return sent
    },
    entries,
    grow: async (longer) => {
      await hold(longer)
      entries.push(...longer.entries.slice(entries.length))
    },
    [Symbol.asyncDispose]: async () => {
      await store.stop()
      await node.stop()
    },
  }
}

async function* claim(frames: AsyncIterable<Uint8Array>, round: number): AsyncGenerator<Uint8Array> {
  for await (const frame of frames) yield syncHead.encode({ ...syncHead.decode(frame), round })
}
