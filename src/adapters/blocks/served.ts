import type { CID } from 'multiformats/cid'
import { DAG_PB } from '../../checkpoint/acceptable-cid.ts'
import { readUnixfsBlock } from '../../checkpoint/unixfs-node.ts'
import { DEFAULT_SERVED_BYTES_PER_MS, DEFAULT_SERVED_MS, DEFAULT_SERVED_NODES } from './limits.ts'

/** What others are downloading from here: who asks for a node will ask for what is below it. */
export interface Served {
  note(cid: CID, block: Uint8Array): void
  readonly nodes: readonly CID[]
}

/** A few at a time, each as long as a download takes: nobody keeps many weights alive by asking for them. */
export function createServed(now: () => number = () => performance.now()): Served {
  const until = new Map<string, { readonly cid: CID; readonly at: number }>()

  function forgetOld(): void {
    for (const [key, { at }] of until) if (now() > at) until.delete(key)
  }

  return {
    note: (cid, block) => {
      forgetOld()
      if (cid.code !== DAG_PB || until.size >= DEFAULT_SERVED_NODES || until.has(String(cid))) return
      const at = now() + DEFAULT_SERVED_MS + bytesBelow(cid, block) / DEFAULT_SERVED_BYTES_PER_MS
      until.set(String(cid), { cid, at })
    },
    get nodes() {
      forgetOld()
      return [...until.values()].map(({ cid }) => cid)
    },
  }
}

function bytesBelow(cid: CID, block: Uint8Array): number {
  try {
    return readUnixfsBlock({ cid, expected: { kind: 'entry' }, depth: 0 }, block).fileBytes
  } catch {
    return 0
  }
}
