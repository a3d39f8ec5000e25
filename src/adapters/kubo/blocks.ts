import { CID } from 'multiformats/cid'
import { isBlockOf } from '../../checkpoint/is-block-of.ts'
import { LEAF_BYTES } from '../../checkpoint/unixfs.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Usage } from '../../ports/retention.ts'
import { addFile } from './add-file.ts'
import { isMissing, KuboFailure, refusalOf } from './failures.ts'
import { DEFAULT_COUNT_CONCURRENCY, MAX_BLOCK_BYTES } from './limits.ts'
import { PIN_PREFIX, pinOf, pinsOf } from './pins.ts'
import type { KuboRpc } from './rpc.ts'
import { isRecord } from './shapes.ts'

/** Blocks that a Kubo node keeps for this peer. */
export interface KuboBlocks {
  readonly local: LocalBlocks
  /** Adds a file of weights under one pin of its own. @throws ColdmeshError `refused` */
  add(file: { readonly root: CID; readonly path: string; readonly bytes: number }): Promise<void>
  /** Whether a file was added, and is pinned since. */
  isAdded(root: CID): Promise<boolean>
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
 * file that is added has one pin for all of it. A pin of somebody else is left alone. Nothing is ever searched for in Kubo's network.
 * @param rpc of a node that was greeted
 */
export function createKuboBlocks({ rpc, pinName }: { readonly rpc: KuboRpc; readonly pinName: string }): KuboBlocks {
  const usage = { blocks: 0, bytes: 0 }
  /** CIDs that are known to be pinned. */
  const ours = new Set<string>()
  /** Damaged blocks, and the file whose pin was taken away for that. */
  const mending = new Map<string, string>()

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

  /** Resolves with the bytes that were pinned by us under this CID, null when none were. */
  async function unpin(cid: CID): Promise<number | null> {
    ours.delete(String(cid))
    const pin = await pinOf(rpc, cid)
    if (pin?.name !== pinName) return null
    const bytes = pin.isRecursive ? await fileSize(cid) : ((await sizeOf(cid)) ?? 0)
    try {
      await rpc.call('pin/rm', { arg: String(cid), recursive: pin.isRecursive })
    } catch (error) {
      if (error instanceof KuboFailure && error.message.includes('not pinned')) return null
      throw refusalOf(error, 'unpin a block')
    }
    return bytes
  }

  async function remove(cid: CID): Promise<number> {
    const bytes = await unpin(cid)
    if (bytes === null) return 0
    usage.blocks -= blocksIn(bytes)
    usage.bytes -= bytes
    return bytes
  }

  /** Of a file, by what its root says. */
  async function fileSize(root: CID): Promise<number> {
    try {
      const stat = await rpc.call('files/stat', { arg: `/ipfs/${root}`, offline: true })
      return numberIn(stat, 'Size')
    } catch (error) {
      throw refusalOf(error, 'look at a file')
    }
  }

  /** Kubo would keep a rotten block, whoever brings the right bytes. */
  async function discard(cid: CID): Promise<void> {
    await remove(cid)
    let by = await removeBlock(cid)
    const [, root] = /^pinned via (\S+)$/.exec(by ?? '') ?? []
    if (root !== undefined && (await unpin(CID.parse(root))) !== null) {
      // Pinned again as soon as it is whole.
      mending.set(String(cid), root)
      by = await removeBlock(cid)
    }
    if (by === null) return
    throw new ColdmeshError('block-corrupt', 'A block in Kubo is damaged, and somebody else pinned it there.', {
      facts: { cid: String(cid) },
      hint: `Unpin it (\`ipfs pin ls --type=all ${cid}\` says by what), or mend Kubo's disk: it can be fetched again then.`,
    })
  }

  /** Null, or by what it is pinned. */
  async function removeBlock(cid: CID): Promise<string | null> {
    const answer = await rpc.call('block/rm', { arg: String(cid), force: true }).catch((error: unknown) => {
      throw refusalOf(error, 'delete a damaged block')
    })
    const text = new TextDecoder().decode(answer)
    const { Error: why } = text.trim() === '' ? { Error: undefined } : readRecord(answer)
    return typeof why === 'string' && why !== '' ? why : null
  }

  /** A block of a file came back that had lost its pin. */
  async function mend(cid: CID): Promise<void> {
    const root = mending.get(String(cid))
    if (root === undefined) return
    mending.delete(String(cid))
    if (mending.values().some((other) => other === root)) return
    await rpc.call('pin/add', { arg: root, recursive: true, name: pinName, offline: true }).catch((error: unknown) => {
      if (!isMissing(error)) throw refusalOf(error, 'pin a file')
    })
  }

  const local: LocalBlocks = {
    has: async (cid) => (await sizeOf(cid)) !== undefined,
    async get(cid) {
      const block = await read(cid)
      if (block === undefined) {
        throw new ColdmeshError('block-missing', 'A block is not in the Kubo node.', { facts: { cid: String(cid) } })
      }
      if (isBlockOf(cid, block)) return block
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
      if (await pin(cid, block.byteLength)) return await mend(cid)
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
      if (block === undefined || isBlockOf(cid, block)) return block
      await discard(cid)
      return undefined
    },
  }

  return {
    local,
    remove,
    async add({ root, path, bytes }) {
      await addFile(rpc, { root, path, bytes, pinName })
      if (ours.has(String(root))) return
      ours.add(String(root))
      usage.blocks += blocksIn(bytes)
      usage.bytes += bytes
    },
    async isAdded(root) {
      const pin = await pinOf(rpc, root)
      return pin?.isRecursive === true && pin.name === pinName
    },
    async count() {
      Object.assign(usage, { blocks: 0, bytes: 0 })
      ours.clear()
      let looking: Promise<number | undefined>[] = []
      const settle = async (): Promise<void> => {
        const sizes = await Promise.all(looking)
        looking = []
        for (const bytes of sizes) {
          usage.blocks += blocksIn(bytes ?? 0)
          usage.bytes += bytes ?? 0
        }
      }
      for (const [type, size] of [
        ['direct', sizeOf],
        ['recursive', fileSize],
      ] as const) {
        for await (const { cid, name } of pinsOf(rpc, type)) {
          if (name !== pinName && name.startsWith(PIN_PREFIX)) throw anotherPeers(name)
          if (name !== pinName) continue
          ours.add(String(cid))
          looking.push(size(cid))
          if (looking.length === DEFAULT_COUNT_CONCURRENCY) await settle()
        }
      }
      await settle()
    },
    usage,
  }
}

/** Leaves of so many bytes: an empty block is one too. */
function blocksIn(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / LEAF_BYTES))
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
