import { randomBytes } from 'node:crypto'
import { MemoryDatastore } from 'datastore-core'
import type { CID } from 'multiformats/cid'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, topicOf } from '../../../protocols/registry.ts'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import { createContentStore } from '../../../src/adapters/helia/content-store.ts'
import { createNode } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSigner } from '../../../src/adapters/system/signer.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import { importFile, readFile } from '../../../src/checkpoint/unixfs.ts'

const DEADLINE_MS = 30_000

/** A peer of the network that signs well and lies about its bytes. */
export interface Liar extends AsyncDisposable {
  /**
   * `wrong-digest` announces a checkpoint whose bytes it serves under another CID only; `nan` one with a NaN weight.
   * @returns the contribution's id
   */
  contribute(options: { round: number; parent: string; lie: 'wrong-digest' | 'nan' }): Promise<string>
}

export async function startLiar({ invite, members }: { invite: string; members: number }): Promise<Liar> {
  const { network, addresses } = parseInvite(invite)
  const seed = new Uint8Array(randomBytes(32))
  const signer = createSigner(seed)
  const node = await createNode({
    seed,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    datastore: new MemoryDatastore(),
    network: String(network),
    topics: TOPICS.map((name) => topicOf(String(network), name)),
    bootstrap: addresses,
    mdns: false,
    dht: false,
    clock: systemClock,
    log: nullLog,
  })
  const store = await createContentStore({ dir: null, node, log: nullLog })
  node.gossip.subscribe(topicOf(String(network), 'contributions'), () => ({ verdict: 'accept' }))
  await node.start()
  await store.start()

  async function weightsOf(parent: string): Promise<Uint8Array> {
    const cid = parseCid(parent)
    if (!cid) throw new Error('the parent is a CID')
    const limits = { maxBytes: 100_000_000, providers: addresses, timeoutMs: DEADLINE_MS }
    await store.fetch(cid, { shape: 'directory', ...limits })
    const { weights } = await openBase(cid, (block) => store.get(block))
    const chunks: Uint8Array[] = []
    for await (const chunk of readFile(weights.cid, (block) => store.get(block), { maxBytes: weights.bytes }))
      chunks.push(chunk)
    return new Uint8Array(Buffer.concat(chunks))
  }

  const importBytes = async (bytes: Uint8Array, keep: boolean): Promise<CID> => {
    const { cid } = await importFile([bytes], (block, data) => (keep ? store.put(block, data) : undefined))
    return cid
  }

  return {
    contribute: async ({ round, parent, lie }) => {
      const bytes = await weightsOf(parent)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      view.setFloat32(bytes.length - 400, lie === 'nan' ? Number.NaN : 0.25, true)
      const checkpoint = await importBytes(bytes, lie === 'nan')
      const base = parseCid(parent)
      if (!base) throw new Error('the parent is a CID')
      const payload = contribution.encode({
        network,
        author: signer.key,
        round,
        parent: base,
        checkpoint,
        bytes: bytes.length,
        dataset: { name: 'lies', task: 'lies', rows: 1, commitment: new Uint8Array(32) },
        training: {
          trainer: 'none',
          optimizer: 'none',
          learningRate: 0,
          batch: 1,
          steps: 0,
          seed: 0,
          device: 'none',
          seconds: 0,
        },
        metrics: { name: 'accuracy', before: null, after: 1_000_000_000 },
        providers: node.mesh.addresses().slice(0, 4),
      })
      const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
      const { recipients } = await node.gossip.publish(topicOf(String(network), 'contributions'), envelope)
      if (recipients === 0) throw new Error(`none of ${members} members heard the lie`)
      return String(idOf(payload))
    },
    [Symbol.asyncDispose]: async () => {
      await store.stop()
      await node.stop()
    },
  }
}
