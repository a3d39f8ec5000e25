import type { CID } from 'multiformats/cid'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { openBase, WEIGHTS_NAME } from '../../checkpoint/base.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Network } from '../../rounds/network.ts'
import type { Chain } from '../chain.ts'
import { inputsOf } from '../lineage-inputs.ts'
import type { Keeping } from '../retention/keeper.ts'

/** A block that the history of a data directory rests on. */
export interface Place {
  readonly cid: CID
  /** In words: `model.safetensors of round 3`. */
  readonly name: string
  /** Of which round these are weights that are kept for a while; null for what stays. */
  readonly untilRound: number | null
}

export interface PlacesOptions {
  readonly network: Network
  readonly chain: Pick<Chain, 'entries'>
  readonly store: Pick<ContentStore, 'get' | 'has'>
  readonly keeping: Pick<Keeping, 'from'>
}

/**
 * The blocks that should be here, newest round first: every round's directory, card, lineage and shared files; the weights
 * of the head and the genesis; of the rounds that are kept also other weights and the inputs' checkpoints, where this peer has them. A node comes
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
    yield* placesOfRound(base, { round, isWhole: round === newest }, options)
  }
  yield* placesOfRound(network.genesis.base, { round: 0, isWhole: true }, options)
}

async function* placesOfRound(
  base: CID,
  { round, isWhole }: { readonly round: number; readonly isWhole: boolean },
  options: PlacesOptions,
): AsyncGenerator<Place> {
  const owner = round === 0 ? 'the genesis' : `round ${round}`
  const { store, keeping, network } = options
  const get = (cid: CID) => store.get(cid)
  yield { cid: base, name: `the directory of ${owner}`, untilRound: null }
  const opened = await orNull(openBase(base, get))
  if (!opened) return
  for (const { name, cid } of opened.files) {
    const stays = isWhole || name !== WEIGHTS_NAME
    const isExpected = stays || (round >= keeping.from - 1 && (await store.has(cid)))
    if (isExpected) yield* placesOfFile(cid, { name: `${name} of ${owner}`, untilRound: stays ? null : round }, options)
  }
  if (opened.lineage === null || round < keeping.from) return
  const lineage = await orNull(get(opened.lineage))
  if (!lineage) return
  for (const { id, message } of inputsOf(lineageDeclaration.decode(lineage), network.id)) {
    if (!(await store.has(message.checkpoint))) continue
    const name = `the checkpoint of contribution ${id} to ${owner}`
    yield* placesOfFile(message.checkpoint, { name, untilRound: round - 1 }, options)
  }
}

async function* placesOfFile(
  root: CID,
  place: Omit<Place, 'cid'>,
  { network, store }: PlacesOptions,
): AsyncGenerator<Place> {
  yield { ...place, cid: root }
  const maxBytes = Math.max(network.genesis.bytes, 64 * 1_048_576)
  const listed = await orNull(listLeaves(root, (cid) => store.get(cid), { maxBytes }))
  for (const { cid } of listed?.leaves ?? []) if (!equalCids(cid, root)) yield { ...place, cid }
}

/** Whether a peer keeps what was found to be somewhere: rounds may have come since. */
export function isStillKept({ untilRound }: Place, { from }: Pick<Keeping, 'from'>): boolean {
  return untilRound === null || untilRound >= from - 1
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch {
    return null
  }
}

/** Of which round and file a block is; null when it is of none that is kept. */
export async function nameOfPlace(cid: CID, options: PlacesOptions): Promise<string | null> {
  for await (const place of placesOf(options)) if (equalCids(place.cid, cid)) return place.name
  return null
}
