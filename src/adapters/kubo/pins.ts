import { CID } from 'multiformats/cid'
import { isMissing, KuboFailure, refusalOf } from './failures.ts'
import type { KuboRpc } from './rpc.ts'
import { isRecord } from './shapes.ts'

/** Names of pins begin so; then who made them. */
export const PIN_PREFIX = 'coldmesh '

export interface Pin {
  readonly cid: CID
  readonly name: string
}

/** All pins of single blocks (`direct`), or of files and directories with what is below them (`recursive`). */
export async function* pinsOf(rpc: KuboRpc, type: 'direct' | 'recursive'): AsyncGenerator<Pin> {
  try {
    for await (const line of rpc.list('pin/ls', { type, names: true, stream: true })) {
      if (!isRecord(line)) continue
      const { Cid: cid, Name: name } = line
      if (typeof cid === 'string') yield { cid: CID.parse(cid), name: typeof name === 'string' ? name : '' }
    }
  } catch (error) {
    throw refusalOf(error, 'list its pins')
  }
}

/** The pin of this block itself; null when it has none of its own. */
export async function pinOf(
  rpc: KuboRpc,
  cid: CID,
): Promise<{ readonly name: string; readonly isRecursive: boolean } | null> {
  // Without a type Kubo would also look for every pin that this block lies below.
  for (const type of ['direct', 'recursive'] as const) {
    try {
      for await (const line of rpc.list('pin/ls', { arg: String(cid), type, names: true, stream: true })) {
        if (!isRecord(line)) continue
        const { Name: name } = line
        return { name: typeof name === 'string' ? name : '', isRecursive: type === 'recursive' }
      }
    } catch (error) {
      const isUnpinned = error instanceof KuboFailure && error.message.includes('not pinned')
      if (!isUnpinned && !isMissing(error)) throw refusalOf(error, 'look at a pin')
    }
  }
  return null
}
