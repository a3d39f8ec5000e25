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

/** All pins of single blocks. */
export async function* directPins(rpc: KuboRpc): AsyncGenerator<Pin> {
  try {
    for await (const line of rpc.list('pin/ls', { type: 'direct', names: true, stream: true })) {
      if (!isRecord(line)) continue
      const { Cid: cid, Name: name } = line
      if (typeof cid === 'string') yield { cid: CID.parse(cid), name: typeof name === 'string' ? name : '' }
    }
  } catch (error) {
    throw refusalOf(error, 'list its pins')
  }
}

/** The name of a block's direct pin; null when it has none. */
export async function nameOfPin(rpc: KuboRpc, cid: CID): Promise<string | null> {
  try {
    for await (const line of rpc.list('pin/ls', { arg: String(cid), type: 'direct', names: true, stream: true })) {
      if (isRecord(line) && typeof line['Name'] === 'string') return line['Name']
    }
    return ''
  } catch (error) {
    if (isMissing(error)) return null
    if (error instanceof KuboFailure && error.message.includes('not pinned')) return null
    throw error
  }
}
