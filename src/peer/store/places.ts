import type { CID } from 'multiformats/cid'
import { contribution as contributionDeclaration } from '../../../protocols/contribution/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { openBase, WEIGHTS_NAME } from '../../checkpoint/base.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Network } from '../../rounds/network.ts'
import type { Chain } from '../chain.ts'

/** A block that the history of a data directory rests on. */
export interface Place {
  readonly cid: CID
  /** In words: `model.safetensors of round 3`. */
  readonly name: string
}

export interface PlacesOptions {
  readonly network: Network
  readonly chain: Pick<Chain, 'entries'>
  readonly store: Pick<ContentStore, 'get' | 'has'>
}

/**
 * The blocks that should be here, newest round first: every round's directory, card, lineage and shared files; the weights
 * of the head and the genesis; other weights and the inputs' checkpoints where this peer has begun to keep them. A node comes
 * before what is below it; what a node names is left out when the node cannot be read.
 */
export async function* placesOf(options: PlacesOptions): AsyncGenerator<Place> {
  const seen = new Set<string>()
  for await (const place of allPlaces(options)) {
    if (seen.has(String(place.cid))) continue
    seen.add(String(place.cid))
    yield place
  }
}

async function* allPlaces(options: PlacesOptions): AsyncGenerator<Place> {
  const { network, chain } = options
  const newest = chain.entries.at(-1)?.round ?? 0
  for (const { round, base } of chain.entries.toReversed()) {
    yield* placesOfBase(base, `round ${round}`, round === newest, options)
  }
  yield* placesOfBase(network.genesis.base, 'the genesis', true, options)
}

async function* placesOfBase(
  base: CID,
  owner: string,
  isWhole: boolean,
  options: PlacesOptions,
): AsyncGenerator<Place> {
  const get = (cid: CID) => options.store.get(cid)
  yield { cid: base, name: `the directory of ${owner}` }
  const opened = await orNull(openBase(base, get))
  if (!opened) return
  for (const { name, cid } of opened.files) {
    const isExpected = isWhole || name !== WEIGHTS_NAME || (await options.store.has(cid))
    if (isExpected) yield* placesOfFile(cid, `${name} of ${owner}`, options)
  }
  if (opened.lineage === null) return
  const lineage = await orNull(get(opened.lineage))
  if (!lineage) return
  for (const envelope of lineageDeclaration.decode(lineage).inputs) {
    const signed = openEnvelope(envelope, [contributionDeclaration], options.network.id)
    if (!isSigned(signed) || !(await options.store.has(signed.message.checkpoint))) continue
    yield* placesOfFile(signed.message.checkpoint, `the checkpoint of contribution ${signed.id} to ${owner}`, options)
  }
}

async function* placesOfFile(root: CID, name: string, { network, store }: PlacesOptions): AsyncGenerator<Place> {
  yield { cid: root, name }
  const maxBytes = Math.max(network.genesis.bytes, 64 * 1_048_576)
  const listed = await orNull(listLeaves(root, (cid) => store.get(cid), { maxBytes }))
  for (const { cid } of listed?.leaves ?? []) if (!equalCids(cid, root)) yield { cid, name }
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch {
    return null
  }
}

/** Of which round and file a block is. */
export async function nameOfPlace(cid: CID, options: PlacesOptions): Promise<string> {
  for await (const place of placesOf(options)) if (equalCids(place.cid, cid)) return place.name
  return 'no base of this chain'
}
