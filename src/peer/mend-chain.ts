import type { CID } from 'multiformats/cid'
import { type Lineage, lineage as lineageDeclaration } from '../../protocols/lineage/messages.ts'
import { MalformedError } from '../../protocols/wire/codec.ts'
import { openBase } from '../checkpoint/base.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { isColdmeshError } from '../ports/errors.ts'
import { type ChainEntry, decodeEntry } from './chain-entry.ts'

/** What is left of a damaged chain file. */
export interface MendedChain {
  /** Rounds 1, 2, 3 ... without a gap. */
  readonly entries: readonly ChainEntry[]
  /** Rounds that came from the lineages of their children. */
  readonly restored: readonly number[]
  /** The newest round that the file is known to have held and that is not among `entries`; null when there is none. */
  readonly lost: number | null
}

/**
 * Closes the gaps of a damaged chain: the lineage of round r + 1 names the base of round r and embeds its certificate, so that
 * one entry and the blocks give all entries before it. What has no child that is known ends the chain.
 * @param records those that are whole
 * @param store null: gaps stay
 */
export async function mendEntries(
  records: readonly Uint8Array[],
  store: Pick<ContentStore, 'get'> | null,
): Promise<MendedChain> {
  const known = new Map(records.flatMap(readEntry).map((entry) => [entry.round, entry]))
  const newest = known.keys().reduce((a, b) => Math.max(a, b), 0)
  const restored: number[] = []
  for (let round = newest - 1; round > 0 && store !== null; round--) {
    const child = known.get(round + 1)
    if (known.has(round) || child === undefined) continue
    const entry = await parentOf(child, store)
    if (entry === null) continue
    known.set(round, entry)
    restored.unshift(round)
  }
  const entries: ChainEntry[] = []
  for (let entry = known.get(1); entry !== undefined; entry = known.get(entry.round + 1)) entries.push(entry)
  const isKept = (round: number) => round <= entries.length
  return { entries, restored: restored.filter(isKept), lost: newest > entries.length ? newest : null }
}

function readEntry(record: Uint8Array): ChainEntry[] {
  try {
    return [decodeEntry(record)]
  } catch (error) {
    if (error instanceof MalformedError) return []
    throw error
  }
}

/** The entry of the round before, as the lineage of `child` and its own have it; null when one of them is not here. */
async function parentOf(child: ChainEntry, store: Pick<ContentStore, 'get'>): Promise<ChainEntry | null> {
  const made = await lineageOf(child.base, store)
  if (made === null || made.round !== child.round || made.parentCertificate === null) return null
  const own = await lineageOf(made.parent, store)
  if (own === null) return null
  const { amendment } = own
  const entry = { round: child.round - 1, base: made.parent, certificate: made.parentCertificate }
  return { ...entry, ...(amendment === undefined ? {} : { amendment }) }
}

async function lineageOf(base: CID, store: Pick<ContentStore, 'get'>): Promise<Lineage | null> {
  try {
    const { lineage } = await openBase(base, (cid) => store.get(cid))
    return lineage === null ? null : lineageDeclaration.decode(await store.get(lineage))
  } catch (error) {
    const isNotHere = isColdmeshError(error, 'block-missing') || isColdmeshError(error, 'block-corrupt')
    if (isNotHere || isColdmeshError(error, 'bad-checkpoint') || error instanceof MalformedError) return null
    throw error
  }
}
