import type { CID } from 'multiformats/cid'
import { genesis as genesisDeclaration } from '../../../protocols/genesis/messages.ts'
import { judgeGenesis } from '../../../protocols/genesis/rules.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { type BaseFile, openBase } from '../../checkpoint/base.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { readFile } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { type NetworkFacts, networkFacts } from '../../rounds/network.ts'
import { readBaseFacts } from '../builder.ts'
import type { VerifyLevel } from '../types.ts'
import { type BadLink, badLinkOf, reasonOf } from './bad-link.ts'
import { linkOfFile } from './base-files.ts'

/** Reads a genesis; its id is whatever these bytes have. */
export function openNetwork(bytes: Uint8Array): NetworkFacts | BadLink {
  try {
    const genesis = genesisDeclaration.decode(bytes)
    const verdict = judgeGenesis(genesis)
    if (verdict.verdict !== 'accept') return { link: 'genesis', reason: reasonOf(verdict) }
    return networkFacts(idOf(bytes), genesis)
  } catch (error) {
    return badLinkOf(error, 'genesis')
  }
}

/** What the base of round 0 gives to every later one. */
export interface GenesisBase {
  readonly shared: readonly BaseFile[]
  /** CID of its model.safetensors. */
  readonly weights: CID
  /** Null at level `signatures`, which reads no weights. */
  readonly layout: Layout | null
}

/**
 * Opens the genesis' base and compares it with what the genesis says. At level `full` every block of it is read, at `sample` the header of its weights; what is
 * missing is a bad link, and the directory is used all the same.
 */
export async function openGenesisBase(
  network: NetworkFacts,
  store: ContentStore,
  level: VerifyLevel,
): Promise<{ readonly base: GenesisBase | null; readonly bad: readonly BadLink[] }> {
  const { genesis } = network
  const get = (cid: CID) => store.get(cid)
  let files: readonly BaseFile[]
  let shared: readonly BaseFile[]
  let weights: BaseFile
  try {
    const opened = await openBase(genesis.base, get)
    files = opened.files
    shared = opened.shared
    weights = opened.weights
    if (weights.bytes !== genesis.bytes) {
      const reason = `The genesis states ${genesis.bytes} bytes of weights, its base has ${weights.bytes}.`
      return { base: null, bad: [{ link: 'genesis', reason }] }
    }
    if (level === 'signatures') return { base: { shared, weights: weights.cid, layout: null }, bad: [] }
  } catch (error) {
    return { base: null, bad: [badLinkOf(error, 'directory')] }
  }
  const bad: BadLink[] = []
  for (const { name, cid, bytes } of level === 'full' ? files : []) {
    const unread = await readAll(cid, bytes, store, linkOfFile(name))
    if (unread !== null) bad.push(unread)
  }
  try {
    return { base: await readBaseFacts(network, store), bad }
  } catch (error) {
    const link = badLinkOf(error, 'genesis')
    const isKnown = bad.some((other) => other.link === link.link)
    return { base: { shared, weights: weights.cid, layout: null }, bad: isKnown ? bad : [...bad, link] }
  }
}

/** Reads a file to its end: every block is here, and it is as long as its directory says. */
export async function readAll(cid: CID, bytes: number, store: ContentStore, link: string): Promise<BadLink | null> {
  try {
    let read = 0
    for await (const leaf of readFile(cid, (block) => store.get(block), { maxBytes: bytes })) read += leaf.length
    return read === bytes ? null : { link, reason: `It has ${read} bytes, its directory states ${bytes}.` }
  } catch (error) {
    return badLinkOf(error, link)
  }
}
