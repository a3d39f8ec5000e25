import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Usage } from '../../ports/retention.ts'
import { isMissing, KuboFailure, refusalOf } from './failures.ts'
import { DEFAULT_COUNT_CONCURRENCY, MAX_BLOCK_BYTES } from './limits.ts'
import { directPins, nameOfPin, PIN_PREFIX } from './pins.ts'
import type { KuboRpc } from './rpc.ts'
import { isRecord } from './shapes.ts'

/** Blocks that a Kubo node keeps for this peer. */
export interface KuboBlocks {
  readonly local: LocalBlocks
  /** Unpins: Kubo's garbage collection deletes it some time. Resolves with the bytes that are ours no longer. */
  remove(cid: CID): Promise<number>
  /** Asks for every pin of this peer, once. */
  count(): Promise<void>
  /** Since `count`. */
  readonly usage: Usage
}

const CODECS: ReadonlyMap<number, string> = new Map([
  [0x55, 'raw'],
  [0x70, 'dag-pb'],
  [0x71, 'dag-cbor'],
])

/**
 * Each block has a direct pin that bears `pinName`: it stays when its file is not whole yet, and when Kubo collects garbage. A
 * pin of somebody else is left alone. Nothing is ever searched for in Kubo's network.
 * @param rpc of a node that was greeted
 */
export function createKuboBlocks({ rpc, pinName }: { readonly rpc: KuboRpc; readonly pinName: string }): KuboBlocks {
  const usage = { blocks: 0, bytes: 0 }
  /** CIDs that are known to be pinned. */
  const ours = new Set<string>()

  async function read(cid: CID): Promise<Uint8Array | undefined> {
    try {
      return await rpc.call('block/get', { arg: String(cid), offline: true }, { maxBytes: MAX_BLOCK_BYTES })
    } catch (error) {
      if (isMissing(error)) return undefined
      throw refusalOf(error, 'read a block')
    }
  }

  async function sizeOf(cid: CID): Promise<number | undefined> {
    try {
      const stat = await rpc.call('block/stat', { arg: String(cid), offline: true })
      return numberIn(stat, 'Size')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw refusalOf(error, 'look at a block')
    }
  }

  /** False when it is not there. */
  async function pin(cid: CID, bytes: number): Promise<boolean> {
    const key = String(cid)
    if (ours.has(key)) return true
    try {
      await rpc.call('pin/add', { arg: String(cid), recursive: false, name: pinName, offline: true })
    } catch (error) {
      if (isMissing(error)) return false
      // Whoever did that keeps it; should they stop, it is pinned again when it is written again.
      if (error instanceof KuboFailure && error.message.includes('already pinned recursively')) return true
      throw refusalOf(error, 'pin a block')
    }
    if (ours.has(key)) return true
    ours.add(key)
    usage.blocks++
    usage.bytes += bytes
    return true
  }

  async function unpin(cid: CID): Promise<boolean> {
    ours.delete(String(cid))
    try {
      if ((await nameOfPin(rpc, cid)) !== pinName) return false
      await rpc.call('pin/rm', { arg: String(cid), recursive: false })
      return true
    } catch (error) {
      if (error instanceof KuboFailure && error.message.includes('not pinned')) return false
      throw refusalOf(error, 'unpin a block')
    }
  }

  async function remove(cid: CID): Promise<number> {
    const bytes = (await sizeOf(cid)) ?? 0
    if (!(await unpin(cid))) return 0
    usage.blocks--
    usage.bytes -= bytes
    return bytes
  }

  /** Kubo would keep a rotten block, whoever brings the right bytes. */
  async function discard(cid: CID): Promise<void> {
    await remove(cid)
    const answer = await rpc.call('block/rm', { arg: String(cid), force: true }).catch((error: unknown) => {
      throw refusalOf(error, 'delete a damaged block')
    })
    const text = new TextDecoder().decode(answer)
    if (!text.includes('"Error"')) return
    throw new ColdmeshError('block-corrupt', 'A block in Kubo is damaged, and somebody else pinned it there.', {
      facts: { cid: String(cid) },
      hint: `Unpin it (\`ipfs pin ls --type=all ${cid}\` says by what), or mend Kubo's disk: it can be fetched again then.`,
    })
  }

  const local: LocalBlocks = {
    has: async (cid) => (await sizeOf(cid)) !== undefined,
    async get(cid) {
      const block = await read(cid)
      if (block === undefined) {
        throw new ColdmeshError('block-missing', 'A block is not in the Kubo node.', { facts: { cid: String(cid) } })
      }
      if (matches(cid, block)) return block
      throw new ColdmeshError('block-corrupt', 'A block in the Kubo node does not match its CID any more.', {
        facts: { cid: String(cid), bytes: block.byteLength },
        hint: "Check Kubo's disk. The block will be fetched again from another peer.",
      })
    },
    async put(cid, block) {
      const codec = CODECS.get(cid.code)
      if (codec === undefined || cid.version !== 1) {
        throw new ColdmeshError('bad-checkpoint', 'A CID is not version 1 of raw, dag-pb or dag-cbor bytes.', {
          facts: { cid: String(cid) },
        })
      }
      if (block.byteLength > MAX_BLOCK_BYTES) {
        throw new ColdmeshError('too-large', `A block has more than ${MAX_BLOCK_BYTES} bytes.`, {
          facts: { cid: String(cid), bytes: block.byteLength },
        })
      }
      if ((await local.take(cid)) !== undefined && (await pin(cid, block.byteLength))) return
      const format = { 'cid-codec': codec, mhtype: 'sha2-256', 'allow-big-block': true }
      try {
        const answer = await rpc.call('block/put', format, { body: new Blob([new Uint8Array(block)]) })
        requireKey(answer, cid)
      } catch (error) {
        throw refusalOf(error, 'write a block')
      }
      if (await pin(cid, block.byteLength)) return
      throw new ColdmeshError('refused', 'Kubo collected a block as soon as it was written.', {
        facts: { cid: String(cid) },
        hint: 'Its disk is nearly full: raise Datastore.StorageMax, or free some space. It will be tried again.',
      })
    },
    accept: (cid, block) => local.put(cid, block),
    async delete(cid) {
      await remove(cid)
    },
    async take(cid) {
      const block = await read(cid)
      if (block === undefined || matches(cid, block)) return block
      await discard(cid)
      return undefined
    },
  }

  return {
    local,
    remove,
    async count() {
      Object.assign(usage, { blocks: 0, bytes: 0 })
      ours.clear()
      let looking: Promise<number | undefined>[] = []
      const settle = async (): Promise<void> => {
        const sizes = await Promise.all(looking)
        looking = []
        usage.blocks += sizes.length
        usage.bytes += sizes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0)
      }
      for await (const { cid, name } of directPins(rpc)) {
        if (name !== pinName && name.startsWith(PIN_PREFIX)) throw anotherPeers(name)
        if (name !== pinName) continue
        ours.add(String(cid))
        looking.push(sizeOf(cid))
        if (looking.length === DEFAULT_COUNT_CONCURRENCY) await settle()
      }
      await settle()
    },
    usage,
  }
}

function matches(cid: CID, block: Uint8Array): boolean {
  return hash('sha256', block, 'buffer').equals(cid.multihash.digest)
}

/** @throws ColdmeshError `refused`: what answered is not what was asked */
function requireKey(answer: Uint8Array, cid: CID): void {
  const { Key } = readRecord(answer)
  if (Key === String(cid)) return
  throw new ColdmeshError('refused', 'Kubo named a block otherwise than by its SHA-256.', {
    facts: { cid: String(cid), named: String(Key) },
  })
}

function numberIn(answer: Uint8Array, name: string): number {
  const value = readRecord(answer)[name]
  if (typeof value === 'number') return value
  throw new ColdmeshError('refused', `Kubo's answer has no number ${name}.`)
}

function readRecord(answer: Uint8Array): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(new TextDecoder().decode(answer))
  if (isRecord(value)) return value
  throw new ColdmeshError('refused', "Kubo's answer is no object.")
}

/** A pin has one name: what one peer unpins the other would lose. */
function anotherPeers(name: string): ColdmeshError {
  return new ColdmeshError('refused', 'This Kubo node keeps the blocks of another coldmesh peer.', {
    facts: { pins: name },
    hint: 'Give each peer a Kubo node of its own. If that peer is gone, unpin what it left (`ipfs pin ls --type=direct --names`).',
  })
}
