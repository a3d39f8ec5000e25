import { murmur364 } from '@multiformats/murmur3'
import type { CID } from 'multiformats/cid'
import type { ShardView } from './node-view.ts'

/** Hashes names for one search: the bits that choose a child at each depth. */
export async function hashName(name: string): Promise<bigint> {
  const { digest } = await murmur364.digest(new TextEncoder().encode(name))
  return Buffer.from(digest).readBigUInt64BE()
}

/** Where a name leads from a shard at this depth: to an entry or to a shard below; null when it has none of that name. */
export function stepInShard(
  shard: ShardView,
  { name, hash, depth }: { readonly name: string; readonly hash: bigint; readonly depth: number },
): { readonly cid: CID; readonly isShard: boolean } | null {
  const bits = Math.log2(shard.fanout)
  if (!Number.isInteger(bits) || bits < 1 || bits > 16 || bits * (depth + 1) > 64) return null
  const index = Number((hash >> BigInt(64 - bits * (depth + 1))) & BigInt(shard.fanout - 1))
  const prefix = index.toString(16).toUpperCase().padStart(prefixLength(shard), '0')
  const link = shard.links.find((found) => found.name === prefix || found.name === `${prefix}${name}`)
  return link === undefined ? null : { cid: link.cid, isShard: link.name === prefix }
}

/** True for a link to a shard below, not to an entry. */
export function isShardLink(shard: ShardView, name: string): boolean {
  return name.length === prefixLength(shard)
}

function prefixLength({ fanout }: ShardView): number {
  return (fanout - 1).toString(16).length
}
