import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import { importFile } from '../../../src/checkpoint/unixfs.ts'
import type { Signer } from '../../../src/ports/system.ts'
import { BYTES_LIES, changed } from './liar/bytes.ts'
import { newKey, stateContribution } from './liar/contribution.ts'
import { type Block, type Delivery, oneByteASecond, onlyTo, otherBytes, silence } from './liar/delivery.ts'
import { type LiarNode, startLiarNode } from './liar/node.ts'
import { statementLies } from './liar/statements.ts'

/** A lie that was told, and what every member must say of it. */
export interface Told {
  readonly name: string
  /** The contribution; null for a message that nobody can read. */
  readonly id: string | null
  readonly reason: string
}

interface Place {
  readonly round: number
  readonly parent: string
}

/** A member of no committee with keys without end, that lies in every way it knows; to all members at once. */
export interface Liar extends AsyncDisposable {
  /** The peers of the network that it is. */
  readonly peerIds: readonly string[]
  /** Peers of its that sent what is provably wrong. */
  readonly caught: readonly string[]
  /** Announces checkpoints that are none, and others that nobody can have. */
  lieAboutBytes(place: Place): Promise<readonly Told[]>
  /** Peers that take questions for a checkpoint and never answer them well. */
  lieInDelivery(place: Place): Promise<readonly (Told & { readonly peerId: string })[]>
  /** A good checkpoint, at once for one member and by one byte a second for the others. */
  favour(place: Place, peerId: string): Promise<string>
  /** Messages that give themselves away; the round is not the first. */
  lieInStatements(place: Place & { readonly olderBase: string }): Promise<readonly Told[]>
  /** Announces a checkpoint that is somebody else's. */
  claim(place: Place, checkpoint: string, author?: Signer): Promise<string>
  /** Announces a good checkpoint by each of these authors, and serves them. */
  announceBy(place: Place, authors: readonly Signer[]): Promise<readonly string[]>
  /** Announces so many checkpoints that know nothing, by an author each: finite, and of the right form. */
  harm(place: Place, count: number): Promise<readonly string[]>
  /** Announces good checkpoints that it serves, all by one author. */
  announce(place: Place, count: number): Promise<readonly string[]>
}

/** Statements that one peer makes before it goes on as another: after eight nobody would listen. */
const REJECTS_EACH = 3

/** @param options.members addresses of all members */
export async function startLiar(options: {
  readonly invite: string
  readonly members: readonly string[]
}): Promise<Liar> {
  const resources = new AsyncDisposableStack()
  const nodes: LiarNode[] = []
  const caught: string[] = []

  async function another(delivery?: Delivery): Promise<LiarNode> {
    const node = resources.use(await startLiarNode({ ...options, ...(delivery ? { delivery } : {}) }))
    nodes.push(node)
    return node
  }

  const main = await another()
  const { network } = main

  async function goodFields({ round, parent }: Place, checkpoint: CID): Promise<GoodFields> {
    const { bytes } = await main.weightsOf(parent)
    return { network, round, parent: cidOf(parent), checkpoint, bytes: bytes.length }
  }

  async function say(place: Place, checkpoint: CID, from: LiarNode = main, author: Signer = newKey()): Promise<string> {
    const fields = { ...(await goodFields(place, checkpoint)), providers: from.addresses.slice(0, 4) }
    const { id, envelope } = stateContribution(fields, author)
    await from.publish('contributions', envelope)
    return id
  }

  /** A checkpoint that nobody else has: the base's, with one float a little different. */
  async function goodCheckpoint(parent: string, nth: number): Promise<{ cid: CID; blocks: readonly Block[] }> {
    const { bytes } = await main.weightsOf(parent)
    const blocks: Block[] = []
    const imported = await importFile([changed(bytes, bytes.length - 4 * nth)], (cid, block) => {
      blocks.push({ cid, bytes: block })
    })
    return { cid: imported.cid, blocks }
  }

  async function announceBy(place: Place, authors: readonly Signer[]): Promise<readonly string[]> {
    const ids: string[] = []
    for (const [i, author] of authors.entries()) {
      const { cid, blocks } = await goodCheckpoint(place.parent, 20 + i)
      for (const block of blocks) await main.put(block.cid, block.bytes)
      ids.push(await say(place, cid, main, author))
    }
    return ids
  }

  return {
    get peerIds() {
      return nodes.map(({ peerId }) => peerId)
    },
    caught,
    lieAboutBytes: async (place) => {
      const { bytes } = await main.weightsOf(place.parent)
      const lies: { name: string; reason: string; cid: CID }[] = []
      for (const { name, reason, make } of BYTES_LIES) lies.push({ name, reason, cid: await make(bytes, main.put) })
      const { cid: absent } = await goodCheckpoint(place.parent, 1)
      lies.push({ name: 'bytes that nobody has', reason: 'unavailable', cid: absent })
      const told: Told[] = []
      for (const { name, reason, cid } of lies) told.push({ name, reason, id: await say(place, cid) })
      return told
    },
    lieInDelivery: async (place) => {
      const deliveries: readonly (readonly [string, (blocks: readonly Block[]) => Delivery])[] = [
        ['questions without answers', () => silence],
        ['other bytes than those of the CID', otherBytes],
        ['one byte a second', oneByteASecond],
      ]
      return await Promise.all(
        deliveries.map(async ([name, deliver], i) => {
          const { cid, blocks } = await goodCheckpoint(place.parent, 2 + i)
          const node = await another(deliver(blocks))
          return { name, reason: 'unavailable', peerId: node.peerId, id: await say(place, cid, node) }
        }),
      )
    },
    favour: async (place, peerId) => {
      const { cid, blocks } = await goodCheckpoint(place.parent, 9)
      return await say(place, cid, await another(onlyTo(peerId, blocks, oneByteASecond(blocks))))
    },
    lieInStatements: async (place) => {
      const { cid } = await goodCheckpoint(place.parent, 10)
      const good = await goodFields(place, cid)
      const baseWeights = (await main.weightsOf(place.parent)).cid
      const lies = statementLies({ good, baseWeights, olderBase: cidOf(place.olderBase) })
      for (let at = 0; at < lies.length; at += REJECTS_EACH) {
        const node = await another()
        caught.push(node.peerId)
        for (const { topic, envelope } of lies.slice(at, at + REJECTS_EACH)) await node.publish(topic, envelope)
      }
      return lies
    },
    claim: (place, checkpoint, author) => say(place, cidOf(checkpoint), main, author),
    announce: (place, count) => {
      const author = newKey()
      return announceBy(
        place,
        Array.from({ length: count }, () => author),
      )
    },
    announceBy,
    harm: async (place, count) => {
      const { bytes } = await main.weightsOf(place.parent)
      const dataStart = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
      const ids: string[] = []
      for (let i = 1; i <= count; i++) {
        const zeros = changed(new Uint8Array(bytes).fill(0, dataStart), bytes.length - 4 * i)
        const { cid } = await importFile([zeros], main.put)
        ids.push(await say(place, cid))
      }
      return ids
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

type GoodFields = Pick<Contribution, 'network' | 'round' | 'parent' | 'checkpoint' | 'bytes'>

function cidOf(text: string): CID {
  const cid = parseCid(text)
  if (!cid) throw new Error(`${text} is no CID`)
  return cid
}
