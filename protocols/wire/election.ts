import type { CID } from 'multiformats/cid'
import { compareBytes, toHex } from './bytes.ts'
import { hashParts } from './crypto.ts'
import { createMemo } from './memo.ts'

export type QuorumKind = 'byzantine' | 'crash'

/** Votes that make a decision, of `members`. */
export function quorumOf(members: number, kind: QuorumKind): number {
  return kind === 'byzantine' ? Math.floor((2 * members) / 3) + 1 : Math.floor(members / 2) + 1
}

/** Members that may fail (f). `f + 1` members always contain one that does not. */
export function faultsOf(members: number, kind: QuorumKind): number {
  return members - quorumOf(members, kind)
}

/** Fixed for a round as soon as the network exists: nothing to grind. */
export function roundSeed(network: CID, round: number): Uint8Array {
  return hashParts('coldmesh/seed/1', network.bytes, round)
}

/** The committee in the order in which its members propose in this round; view v belongs to `rank[v mod n]`. */
export function rankCommittee(keys: readonly Uint8Array[], seed: Uint8Array): readonly Uint8Array[] {
  return sortByHash(keys, (key) => hashParts('coldmesh/rank/1', seed, key))
}

/** Key of one member: the aggregator of a view. */
export function aggregatorOf(rank: readonly Uint8Array[], view: number): Uint8Array {
  const key = rank[view % rank.length]
  if (!key) throw new Error('a committee has at least one member')
  return key
}

/** Every choice of inputs asks for those of all authors. 200 bytes each. */
const MAX_REMEMBERED = 4096
const tickets = createMemo<Uint8Array>(MAX_REMEMBERED)

/** The order of contributions' authors when more come than a round takes: lower first, bytewise. */
export function lotteryTicket(author: Uint8Array, seed: Uint8Array): Uint8Array {
  const name = `${toHex(seed)}/${toHex(author)}`
  const known = tickets.get(name)
  if (known) return known
  const ticket = hashParts('coldmesh/lottery/1', seed, author)
  tickets.set(name, ticket)
  return ticket
}

function sortByHash(keys: readonly Uint8Array[], hashOf: (key: Uint8Array) => Uint8Array): readonly Uint8Array[] {
  return keys
    .map((key) => ({ key, hash: hashOf(key) }))
    .sort((a, b) => compareBytes(a.hash, b.hash))
    .map(({ key }) => key)
}
